"""The benchmark of fairness on a small set: what is planted is found, refused and narrowed."""

from __future__ import annotations

from pathlib import Path

from sftsec_core.bench.fairness import FairnessPlan, run_fairness_bench
from tests.core.bench.offices import offices_folder


class TestFairnessBench:
    def test_planted_gap_is_found_and_narrowed(self, tmp_path: Path) -> None:
        told: list[str] = []
        plan = FairnessPlan([offices_folder(tmp_path / "mail")], [2], 20, (0.25,))
        result = run_fairness_bench(plan, told.append)
        shuffled, planted = result["found"]
        assert (shuffled["gap"], planted["gap"]) == (0.0, 0.25)
        assert shuffled["found"] <= 1
        assert planted["found"] >= 19
        trained = {each["defence"]: each for each in result["trained"]}
        assert set(trained) == {"none", "reweigh", "group_threshold", "both"}
        bare, narrowed = trained["none"], trained["group_threshold"]
        assert bare["named"]
        assert not narrowed["named"]
        assert narrowed["gap"] < bare["gap"] / 2
        assert narrowed["macro_f1"] > bare["macro_f1"] - 0.005
        assert len(told) == 6
