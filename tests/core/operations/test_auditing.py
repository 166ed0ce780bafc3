"""Which audits a run makes."""

from __future__ import annotations

import json
from pathlib import Path

from sftsec_core.operations.retrain import retrain
from tests.core.operations.secret_task import Observer, context, write_incidents


class TestAudits:
    def test_cheap_ones_run_for_each_task(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "oracle") as work:
            outcome = retrain(work, "secret")
        assert {"paired", "cost"} <= set(outcome.report.sections)
        assert outcome.report.sections["cost"]["minutes_per_alert"] == 10
        assert set(outcome.report.sections["paired"]["models"]) == {"linear"}
        stored = json.loads(outcome.report_file.with_suffix(".json").read_text())
        assert set(stored["sections"]) == set(outcome.report.sections)

    def test_expensive_ones_fit_again(self, folder: Path, observer: Observer) -> None:
        write_incidents(folder, 600, timed=True, hosts=True)
        evaluation = {
            "groups": ["host.type"],
            "audits": [
                {"backtest": {"periods": 2}},
                {"learning_curve": {"repeats": 1}},
                {"leave_one_source_out": {"field": "host.type"}},
            ],
        }
        with context(folder, observer, "oracle", evaluation=evaluation) as work:
            outcome = retrain(work, "secret")
        sections = outcome.report.sections
        periods = sections["backtest"]["periods"]
        assert [sorted(each["models"]) for each in periods] == [["linear", "oracle"]] * 2
        assert periods[0]["models"]["oracle"]["figures"]["macro_f1"]["value"] == 1.0
        assert len(sections["learning_curve"]["recipes"]["linear"]["points"]) >= 4
        left_out = sections["leave_one_source_out"]["sources"]
        assert {each["value"] for each in left_out} == {"server", "laptop"}
        (field,) = sections["groups"]["fields"].values()
        assert sum(each["rows"] for each in field["groups"]) == 120
        assert not (outcome.run.folder / "refits").exists()
