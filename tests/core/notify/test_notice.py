"""Events that somebody is told of, and what they are told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sftsec_core.api.domain import (
    DriftFound,
    Event,
    LiveQualityFell,
    ModelPromoted,
    RunFinished,
    StageStarted,
)
from sftsec_core.notify.notice import notice_of

DRIFT = DriftFound(task="mail", model="d" * 64, monitors={"(text)": 2.5}, events=500)

FELL = LiveQualityFell(
    task="mail", model="d" * 64, figure="live_precision", value=0.61, low=0.52, high=0.69,
    expected=0.88,
)  # fmt: skip


class TestNoticeOf:
    def test_suggests_what_to_do(self) -> None:
        found = notice_of(DRIFT)
        assert found is not None
        assert (found.kind, found.title) == ("drift", "mail: drift in (text)")
        assert "sftsec retrain mail." in found.text
        assert found.text.endswith(
            "sftsec schedule add mail-quality --run retrain --task mail --drift-above 1 "
            "--cool-down 1d"
        )
        monitors = {"model": "d" * 64, "monitors": {"(text)": 2.5}, "events": 500}
        assert found.data == {**monitors, "retraining": None}

    def test_tells_of_a_quality_that_fell(self) -> None:
        found = notice_of(FELL)
        assert found is not None
        assert (found.kind, found.title) == (
            "quality",
            "mail: live precision 61.0% (52.0% to 69.0%)",
        )
        assert "had 88.0% or more" in found.text
        assert "sftsec retrain mail." in found.text
        assert "--live-precision-below 0.88 --cool-down 1d" in found.text
        assert (found.data["value"], found.data["expected"]) == (0.61, 0.88)

    @pytest.mark.parametrize("event", [DRIFT, FELL], ids=["drift", "quality"])
    def test_names_the_schedule_that_retrains(self, event: DriftFound | LiveQualityFell) -> None:
        found = notice_of(replace(event, retraining="schedule fresh starts a retraining now: so"))
        assert found is not None
        assert "schedule fresh starts a retraining now: so; its model goes live only" in found.text
        assert "sftsec retrain" not in found.text

    @pytest.mark.parametrize(
        ("event", "kind"),
        [
            (RunFinished(task="mail", run="r", kind="score", status="failed"), "run_failed"),
            (RunFinished(task="mail", run="r", kind="retrain", status="refused"), "refused"),
            (RunFinished(task="mail", run="r", kind="score", status="succeeded"), None),
            (RunFinished(task="mail", run="r", kind="score", status="interrupted"), None),
            (StageStarted(stage="pull"), None),
        ],
    )
    def test_tells_of_runs_that_need_someone(self, event: Event, kind: str | None) -> None:
        found = notice_of(event)
        assert (found and found.kind) == kind

    def test_of_one_kind_are_the_same(self) -> None:
        """A failure whose text changes each time must not pass the cool-down each time."""
        first, second = (
            notice_of(RunFinished(task="mail", kind="score", status="failed", error=error))
            for error in ("at 10:01\nlost", "at 10:02 lost")
        )
        assert first is not None
        assert second is not None
        assert first.subject == second.subject
        assert first.data["error"] == "at 10:01 lost"

    def test_of_promotions_differ_by_model(self) -> None:
        gate = ModelPromoted(digest="a", recipe="nb", previous=None, by="ada", reason="gate")
        first, second = (notice_of(replace(gate, digest=digest * 64)) for digest in "ab")
        assert first is not None
        assert second is not None
        assert first.subject != second.subject
