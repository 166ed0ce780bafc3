"""Which audits a run makes."""

from __future__ import annotations

import json
from pathlib import Path

from sftsec_core.operations.retrain import retrain
from tests.core.operations.secret_task import Observer, context


class TestAudits:
    def test_cheap_ones_run_for_each_task(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "oracle") as work:
            outcome = retrain(work, "secret")
        assert {"paired", "cost"} <= set(outcome.report.sections)
        assert outcome.report.sections["cost"]["minutes_per_alert"] == 10
        assert set(outcome.report.sections["paired"]["models"]) == {"linear"}
        stored = json.loads(outcome.report_file.with_suffix(".json").read_text())
        assert set(stored["sections"]) == set(outcome.report.sections)
