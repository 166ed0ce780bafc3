"""Results of a batch, and the errors of events that cannot be scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.api.domain import Batch, Detection, Incident, Suppression
from sftsec_core.api.errors import PluginError, SftsecError
from sftsec_core.server.batch_scorer import BatchScorer, score_apart, score_together
from sftsec_core.server.schemas import (
    ClassProbability,
    EventResult,
    ScoreEvent,
)
from tests.core.scoring.parts import WordModel, message, scorer


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


class TestScoreApart:
    def test_event_that_raises_fails_alone(self, caplog: pytest.LogCaptureFixture) -> None:
        usual = BatchScorer(scorer(), ("message",))

        def answer(events: Sequence[ScoreEvent]) -> list[EventResult]:
            if any(each.id == "virus" for each in events):
                raise RuntimeError("the secret words of the record")
            return usual(events)

        events = [(0, event("spam")), (2, event("virus")), (3, event("hello")), (4, event("spam"))]
        results = score_apart(answer, "mail", events)
        assert [each.id for each in results] == ["spam", "virus", "hello", "spam"]
        assert [each.label for each in results] == ["spam", None, "ham", "spam"]
        assert results[1].error == "it cannot be scored (RuntimeError)"
        assert "task mail: events[2] cannot be scored (RuntimeError)" in caplog.text
        assert "secret" not in caplog.text

    def test_a_broken_model_fails_the_batch(self) -> None:
        def broken(_events: Sequence[ScoreEvent]) -> list[EventResult]:
            raise PluginError("it breaks the contract")

        with pytest.raises(PluginError, match="breaks the contract"):
            score_apart(broken, "mail", [(0, event("a")), (1, event("b"))])


class PoisonedModel(WordModel):
    """Raises where a text says so, and gives rows of a wrong shape where it says that."""

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        found = super().predict_proba(batch)
        if any("poison" in text for text in batch.text()):
            raise RuntimeError("the secret words of the record")
        return found[:, :1] if any("shape" in text for text in batch.text()) else found


def together(model: WordModel, *requests: Sequence[str]) -> list[list[EventResult] | SftsecError]:
    numbered = [[(n, event(text)) for n, text in enumerate(texts)] for texts in requests]
    return score_together(BatchScorer(scorer(model), ("message",)), "mail", numbered)


class TestScoreTogether:
    def test_requests_share_a_call_of_the_model(self) -> None:
        model = WordModel()
        found = together(model, ["spam", "hello"], ["virus"], ["spam", "spam"])
        assert len(model.asked) == 1
        alone = [together(WordModel(), texts)[0] for texts in (["spam", "hello"], ["virus"])]
        assert found[:2] == alone

    def test_equal_ids_do_not_meet(self) -> None:
        seen: list[str] = []

        def note(detection: Detection) -> Suppression | None:
            seen.append(detection.incident_uid)
            return None

        answer = BatchScorer(scorer(suppress=note), ("message",))
        score_together(answer, "mail", [[(0, event("spam"))], [(0, event("spam"))]])
        assert seen == ["spam", "spam"]

    def test_poison_fails_no_other_request(self, caplog: pytest.LogCaptureFixture) -> None:
        found = together(PoisonedModel(), ["spam", "poison"], ["virus"], ["shape"])
        first, second, third = found
        assert isinstance(first, list)
        assert [each.error for each in first] == [None, "it cannot be scored (RuntimeError)"]
        assert second == together(WordModel(), ["virus"])[0]
        assert isinstance(third, PluginError)
        assert "secret" not in caplog.text
