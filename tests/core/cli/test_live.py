"""Events as lines for a person."""

from __future__ import annotations

import re

import pytest

from sftsec_core.api.domain import (
    BatchPushed,
    DriftFound,
    Event,
    GateDecided,
    LiveQualityFell,
    Message,
    ModelPromoted,
    RecipeFitted,
    RunFinished,
    RunStarted,
    StageFinished,
    StageProgressed,
    StageStarted,
    TrainingStep,
    VoteCast,
)
from sftsec_core.cli.live import LOG_EVERY_S, EventDisplay, line_of

INDENT = " " * 11
LINES: list[tuple[Event, str | None]] = [
    (RunStarted(run="r1", kind="retrain", resumed=True), "resuming run r1, which was interrupted"),
    (RunStarted(run="r1", kind="retrain"), None),
    (StageStarted(stage="pull", detail="from siem"), "pull       from siem"),
    (StageStarted(stage="train"), "train"),
    (StageFinished(stage="pull", seconds=1, counts={"kept": 1234}), f"{INDENT}kept 1,234"),
    (StageFinished(stage="pull", seconds=1, counts={}), None),
    (Message(text="on cuda:0"), f"{INDENT}on cuda:0"),
    (RecipeFitted(recipe="full", seconds=2, notes={"epochs": 3, "t": {}}), f"{INDENT}epochs: 3"),
    (RecipeFitted(recipe="full", seconds=2, notes={}), None),
    (
        RecipeFitted(recipe="full", seconds=2, notes={"epochs": 3}, reused=True),
        "train      full, fitted before the interruption",
    ),
    (VoteCast(recipe="f", voter="v", approve=True, reason="w"), f"{INDENT}yes v: w"),
    (VoteCast(recipe="f", voter="v", approve=True, warning=True, reason="w"), f"{INDENT}but v: w"),
    (VoteCast(recipe="f", voter="v", approve=False, reason="w"), f"{INDENT}no  v: w"),
    (VoteCast(recipe="f", voter="v", approve=True, abstained=True, reason=""), None),
    (GateDecided(recipe="full", approved=True), "gate       full approved"),
    (GateDecided(recipe="full", approved=False), "gate       full rejected"),
    (
        ModelPromoted(digest="0123456789abcdef", recipe="f", previous=None, by="a", reason="g"),
        "promote    0123456789ab is live",
    ),
    (TrainingStep(recipe="full", step=3, values={"loss": 0.5}), None),
    (DriftFound(model="d", monitors={"(text)": 2.5}, events=500), "drift      (text)"),
    (
        LiveQualityFell(
            model="d", figure="live_recall", value=0.4, low=0.3, high=0.5, expected=0.7
        ),
        "drift      live_recall 0.400, below 0.700 of the report",
    ),
    (BatchPushed(connector="siem", written=1, duplicates=0, rejected=0), None),
    (RunFinished(run="r1", kind="retrain", status="succeeded"), None),
]


class TestLine:
    @pytest.mark.parametrize(("event", "line"), LINES)
    def test_says_what_happened(self, event: Event, line: str | None) -> None:
        assert line_of(event) == line


class TestDisplay:
    def test_writes_plain_lines_without_terminal(self, capsys: pytest.CaptureFixture[str]) -> None:
        with EventDisplay() as display:
            display(StageStarted(stage="pull", detail="from [siem]"))
            display(TrainingStep(recipe="full", step=3, values={}))
            display(Message(text="on cuda:0"))
        printed = capsys.readouterr()
        assert printed.out == ""
        first, second = printed.err.splitlines()
        assert re.fullmatch(r" +\d+\.\ds  pull       from \[siem\]", first)
        assert second.endswith("s  " + INDENT + "on cuda:0")

    def test_is_silent_when_quiet(self, capsys: pytest.CaptureFixture[str]) -> None:
        with EventDisplay(quiet=True) as display:
            display(StageStarted(stage="pull"))
            display(Message(text="on cuda:0"))
        assert capsys.readouterr() == ("", "")

    def test_logs_progress_now_and_then(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = [100.0]
        monkeypatch.setattr("sftsec_core.cli.live.time.monotonic", lambda: now[0])
        with EventDisplay() as display:
            for done in range(1000, 5000, 1000):
                now[0] += LOG_EVERY_S / 2
                display(StageProgressed(stage="pull", done=done, total=9000))
        lines = [line.split("s  ")[1].strip() for line in capsys.readouterr().err.splitlines()]
        assert lines == ["2,000 of 9,000 incidents", "4,000 of 9,000 incidents"]
