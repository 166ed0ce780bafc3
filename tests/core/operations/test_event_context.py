"""A retraining of a task whose model reads figures of earlier events."""

from __future__ import annotations

from pathlib import Path

from sftsec_core.operations.retrain import retrain
from tests.core.operations.context_site import alerts, context_site, write_alerts


class TestSnapshotContext:
    def test_tells_bursts_from_single_alerts(self, tmp_path: Path) -> None:
        rows = [*alerts(60)]
        for row in rows[::10]:
            row["label"] = None
        write_alerts(tmp_path, rows)
        with context_site(tmp_path) as work:
            found = retrain(work, "alerts").report
        # Nothing is a copy, and what no one judged counts.
        assert found.data["counts"]["kept"] == len(rows)
        assert found.data["context"]["events"] == len(rows)
        assert found.data["row_counts"]["unlabelled"] == len(rows[::10])
        precision = found.candidate.metrics["average_precision"].value
        assert precision is not None
        assert precision > 0.85
