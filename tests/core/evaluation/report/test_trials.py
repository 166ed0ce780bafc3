"""What `auto` tried, as a table."""

from __future__ import annotations

from sftsec_core.evaluation.report.trials import HEADERS, trial_rows

NOTES = {
    "chosen": ["linear"],
    "chosen_on": "dev, 90 rows",
    "trials": [
        {
            "recipe": "linear",
            "status": "fitted",
            "seconds": 4.0,
            "fit_seconds": 1.0,
            "judged": {"macro_f1": (0.91, 0.02), "expected_cost": (3.25, 0.5)},
            "tried": [
                {"settings": {"C": 10}, "seconds": 1.0, "score": 0.9, "error": 0.01},
                {
                    "settings": {"C": 1},
                    "seconds": 0.5,
                    "score": 0.5,
                    "error": 0.03,
                    "pruned": True,
                },
            ],
        },
        {
            "recipe": "hybrid",
            "status": "skipped",
            "predicted_seconds": 99.0,
            "reason": "does not fit the budget",
        },
    ],
}


class TestTrialRows:
    def test_nothing_is_left_unsaid(self) -> None:
        rows = trial_rows(NOTES)
        assert {len(row) for row in rows} == {len(HEADERS)}
        linear, given, pruned, hybrid = rows
        assert linear[2] == "kept"
        assert linear[3] == "macro_f1 91.0% ± 2.0%, expected_cost 3.25 ± 0.50"
        assert given[1:4] == ("C 10", "tried", "score 0.9000 ± 0.0100")
        assert pruned[2] == "ended early"
        assert hybrid[2] == "skipped: does not fit the budget"
        assert hybrid[5] == "99.0"

    def test_other_recipes_have_none(self) -> None:
        assert trial_rows({"memory": "parts"}) == []
