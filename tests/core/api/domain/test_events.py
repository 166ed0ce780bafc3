"""Events are data: what is written as JSON is read again as the same event."""

from __future__ import annotations

import json
from datetime import UTC, datetime

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
    TrainingAlive,
    TrainingStep,
    VoteCast,
    event_from_json,
)
from sftsec_core.api.domain.events import KINDS, event_name

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
EVENTS: list[Event] = [
    RunStarted(at=AT, run="r1", task="mail", kind="retrain", resumed=True),
    RunFinished(at=AT, run="r1", task="mail", kind="retrain", status="failed", error="full disk"),
    StageStarted(at=AT, stage="pull", detail="from siem"),
    StageProgressed(at=AT, stage="pull", done=5, total=None),
    StageFinished(at=AT, stage="pull", seconds=1.5, counts={"kept": 5}),
    Message(at=AT, text="on cuda:0"),
    TrainingStep(at=AT, recipe="full", step=3, values={"loss": 0.5}),
    TrainingAlive(at=AT),
    RecipeFitted(at=AT, recipe="full", seconds=2.0, notes={"epochs": 3}, reused=True),
    VoteCast(at=AT, recipe="full", voter="min_labels", approve=False, reason="too few"),
    GateDecided(at=AT, recipe="full", approved=False),
    ModelPromoted(at=AT, digest="d", recipe="full", previous=None, by="ann", reason="gate"),
    DriftFound(at=AT, model="d" * 64, monitors={"(text)": 2.5}, events=500),
    LiveQualityFell(
        at=AT, model="d", figure="live_recall", value=0.4, low=0.3, high=0.5, expected=0.7
    ),
    BatchPushed(at=AT, connector="siem", written=1, duplicates=2, rejected=3),
]


class TestJson:
    @pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
    def test_comes_back_as_the_same_event(self, event: Event) -> None:
        assert event_from_json(json.loads(json.dumps(event.to_json()))) == event

    def test_every_kind_is_among_the_examples(self) -> None:
        names = {kind.__name__ for kind in Event.__subclasses__()}
        assert {type(event).__name__ for event in EVENTS} == names
        assert {kind.__name__ for kind in KINDS} == names

    def test_names_its_kind_first(self) -> None:
        assert next(iter(StageStarted(stage="pull").to_json().items())) == (
            "event",
            "stage_started",
        )

    @pytest.mark.parametrize(
        "values",
        [{}, {"event": "no_such"}, {"event": "message"}, {"event": "message", "text": 1, "x": 2}],
    )
    def test_refuses_what_is_no_event(self, values: dict[str, object]) -> None:
        with pytest.raises(ValueError, match="event"):
            event_from_json(values)

    def test_names_are_unique(self) -> None:
        assert len({event_name(kind) for kind in KINDS}) == len(KINDS)
