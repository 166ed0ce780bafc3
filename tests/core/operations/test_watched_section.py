"""The section of a report on drift and live quality, from figures to the page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.evaluation.report.html import render_report
from sftsec_core.operations.retrain import retrain
from sftsec_core.operations.running import Run, running
from sftsec_core.operations.show_report import show_report
from sftsec_core.operations.watched_section import watched_section
from tests.core.evaluation.rote_models import report_of
from tests.core.operations.secret_task import Observer, context

DAY = timedelta(days=1)
MONITORS: list[dict[str, Any]] = [
    {"name": "(score)", "method": "psi", "size": 0.02, "p_value": 0.4, "drifted": False,
     "severity": 0.2},
    {"name": "message", "method": "mmd", "size": 0.05, "p_value": 1e-9, "drifted": True,
     "severity": 5.0},
]  # fmt: skip


def measure(run: Run, days: int = 3) -> None:
    """Checks of some days: input and score drift, and the recall by verdicts."""
    figures, task, now = run.context.store.figures, run.info.task, datetime.now(UTC)
    for day in range(days):
        at = now - DAY * (days - day) + timedelta(hours=1)
        for name, found in (("input_drift", MONITORS[1]), ("score_drift", MONITORS[0])):
            details = {"model": "m" * 64, "monitors": [found]}
            figures.add(task, name, found["severity"], count=500, at=at, details=details)
        figures.add(task, "live_recall", 0.9 - day / 10, 0.5, 0.95, 40 + day, at=at)


def section_of(folder: Path, observer: Observer, days: int = 3) -> dict[str, Any] | None:
    with context(folder, observer, "linear") as work, running(work, "retrain", "secret") as run:
        measure(run, days)
        return watched_section(run)


class TestWatchedSection:
    def test_is_none_before_a_check(self, folder: Path, observer: Observer) -> None:
        assert section_of(folder, observer, days=0) is None

    def test_has_figures_over_time(self, folder: Path, observer: Observer) -> None:
        found = section_of(folder, observer)
        assert found is not None
        assert set(found["figures"]) == {"input_drift", "live_recall", "score_drift"}
        recall = found["figures"]["live_recall"]
        assert [each["value"] for each in recall] == pytest.approx([0.9, 0.8, 0.7])
        assert [each["at"] for each in recall] == sorted(each["at"] for each in recall)
        assert (recall[-1]["low"], recall[-1]["high"], recall[-1]["count"]) == (0.5, 0.95, 42)

    def test_has_the_newest_check_alone(self, folder: Path, observer: Observer) -> None:
        found = section_of(folder, observer)
        assert found is not None
        assert [each["name"] for each in found["checks"]] == ["message", "(score)"]
        assert found["checked_at"] == found["figures"]["input_drift"][-1]["at"]

    def test_leaves_out_what_is_old(self, folder: Path, observer: Observer) -> None:
        found = section_of(folder, observer, days=120)
        assert found is not None
        assert len(found["figures"]["input_drift"]) == found["days"] == 90


class TestReport:
    def test_of_a_retraining_has_it(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "linear") as work:
            with running(work, "dataset", "secret") as run:
                measure(run)
            done = retrain(work, "secret")
            shown = show_report(work, done.run.id)
            page = done.report_file.read_text(encoding="utf-8")
        assert shown.figures is not None
        assert len(shown.figures.sections["watched"]["figures"]["live_recall"]) == 3
        assert 'id="drift"' in page
        assert "found drift in message (5.0)" in page
        assert "Live recall: 70.0% (50.0% to 95.0%), by 42 judged random draws" in page

    def test_without_a_check_has_none(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "linear") as work:
            done = retrain(work, "secret")
        assert "watched" not in done.report.sections
        assert 'id="drift"' not in done.report_file.read_text(encoding="utf-8")

    def test_draws_only_what_has_several(self, folder: Path, observer: Observer) -> None:
        one, several = section_of(folder, observer, days=1), section_of(folder, observer)
        assert several is not None
        assert one is not None
        pages = [
            render_report(replace(report_of(), sections={"watched": each}))
            for each in (several, one)
        ]
        drawn = "Drift of inputs and scores over time"
        assert [drawn in page for page in pages] == [True, False]
        assert ["Quality of the live model over time" in page for page in pages] == [True, False]
