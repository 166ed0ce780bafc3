"""A stage reports its beginning, its progress and its end."""

from __future__ import annotations

import pytest

from sftsec_core.api.domain import Event, StageFinished, StageProgressed, StageStarted
from sftsec_core.operations.stages import stage


class TestStage:
    def test_reports_beginning_progress_and_end(self) -> None:
        told: list[Event] = []
        with stage(told.append, "pull", "from siem") as under_way:
            under_way.progress(50)
            under_way.progress(90, 100, "rows")
            under_way.counts |= {"kept": 90, "rejected": 0}
        *before, finished = told
        assert before == [
            StageStarted(stage="pull", detail="from siem"),
            StageProgressed(stage="pull", done=50, total=None, unit="incidents"),
            StageProgressed(stage="pull", done=90, total=100, unit="rows"),
        ]
        assert isinstance(finished, StageFinished)
        assert finished.counts == {"kept": 90}, "zeros are left out"
        assert finished.seconds >= 0

    def test_has_no_end_after_an_error(self) -> None:
        told: list[Event] = []
        with pytest.raises(ZeroDivisionError), stage(told.append, "pull"):
            raise ZeroDivisionError
        assert told == [StageStarted(stage="pull")]
