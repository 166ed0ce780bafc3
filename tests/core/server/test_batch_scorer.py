"""Results of a batch, and the errors of events that cannot be scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sftsec_core.api.domain import Detection, Incident, Suppression
from sftsec_core.api.errors import PluginError
from sftsec_core.server.batch_scorer import BatchScorer, score_batch
from sftsec_core.server.schemas import (
    ClassProbability,
    EventResult,
    RefusedEvent,
    ScoreBatch,
    ScoreEvent,
)
from tests.core.scoring.parts import message, scorer


def event(text: str, **fields: object) -> ScoreEvent:
    return ScoreEvent(id=text, fields={"message": text, **fields})


def pick(incidents: Sequence[Incident]) -> list[Incident]:
    if any("poison" in message(each) for each in incidents):
        raise RuntimeError("the secret words of the record")
    kept = [each for each in incidents if "drop" not in message(each)]
    return [replace(each, fields={"message": message(each).upper().lower()}) for each in kept]


class TestBatchScorer:
    def test_event_dropped_by_step_has_an_error(self) -> None:
        answer = BatchScorer(scorer(steps=pick), ("message",))
        results = answer([event("spam"), event("drop"), event("poison"), event("hello"), event("")])
        assert [(each.label, each.error) for each in results] == [
            ("spam", None),
            (None, "a step of the task drops it"),
            (None, "a step failed on it (RuntimeError)"),
            ("ham", None),
            (None, "no field that the task reads has a value"),
        ]

    def test_benign_event_has_probability_of_attack(self) -> None:
        (result,) = BatchScorer(scorer(threshold=0.9), ("message",))([event("spam")])
        assert (result.label, result.detection) == ("ham", False)
        assert result.probability == pytest.approx(0.75)
        assert result.top_classes[0] == ClassProbability("spam", 0.75)

    def test_plugins_see_the_kept_fields(self) -> None:
        seen: list[Detection] = []

        def note(detection: Detection) -> Suppression | None:
            seen.append(detection)
            return None

        answer = BatchScorer(scorer(suppress=note, keep=("host",)), ("message", "host"))
        answer([event("spam", **{"@timestamp": "2026-01-31T00:00:00Z", "host": "h", "other": "x"})])
        answer([event("virus", **{"@timestamp": "yesterday"})])
        assert [each.incident_uid for each in seen] == ["spam", "virus"]
        assert [each.at for each in seen] == [datetime(2026, 1, 31, tzinfo=UTC), None]
        assert seen[0].fields == {"message": "spam", "host": "h"}

    def test_long_names_of_objects_are_refused(self) -> None:
        objects = {"k" * 100_000: {str(n): n for n in range(1000)}, "message": "spam"}
        answer = BatchScorer(scorer(), ("message",))
        refused, scored = answer([ScoreEvent(id=1, fields=objects), event("spam")])
        assert refused.error == "the dotted names of its fields are too long together"
        assert scored.label == "spam"


class TestScoreBatch:
    def test_event_that_raises_fails_alone(self, caplog: pytest.LogCaptureFixture) -> None:
        usual = BatchScorer(scorer(), ("message",))

        def answer(events: Sequence[ScoreEvent]) -> list[EventResult]:
            if any(each.id == "virus" for each in events):
                raise RuntimeError("the secret words of the record")
            return usual(events)

        refused = RefusedEvent("r", "fields: is required")
        events: list[ScoreEvent | RefusedEvent] = [event("spam"), refused]
        events += [event("virus"), event("hello"), event("spam")]
        results = score_batch(answer, ScoreBatch("mail", events))
        assert [each.id for each in results] == ["spam", "r", "virus", "hello", "spam"]
        assert [each.label for each in results] == ["spam", None, None, "ham", "spam"]
        assert results[1].error == "fields: is required"
        assert results[2].error == "it cannot be scored (RuntimeError)"
        assert "task mail: events[2] cannot be scored (RuntimeError)" in caplog.text
        assert "secret" not in caplog.text

    def test_a_broken_model_fails_the_batch(self) -> None:
        def broken(_events: Sequence[ScoreEvent]) -> list[EventResult]:
            raise PluginError("it breaks the contract")

        with pytest.raises(PluginError, match="breaks the contract"):
            score_batch(broken, ScoreBatch("mail", [event("a"), event("b")]))

    def test_refused_events_need_no_model(self) -> None:
        refused = RefusedEvent(None, "the event: must be an object")
        answer = BatchScorer(scorer(), ("message",))
        (result,) = score_batch(answer, ScoreBatch("mail", [refused]))
        assert result == EventResult(None, error="the event: must be an object")
