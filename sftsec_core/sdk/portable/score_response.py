"""The scores in a response of `sftsec serve`, checked as a whole before one of them is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import one_line

_MAX_REASON = 1000


@dataclass(frozen=True)
class EventScore:
    """The score of one event.

    Attributes:
        label: the decision; "" with an error.
        probability: calibrated, of an attack (of `label` in a task without a benign class).
        detection: whether `sftsec score` would push a detection.
        threshold: the least probability of a detection.
        reason: of the decision, where there is more to say; "" otherwise.
        error: why the event was not scored; "" when it was.
        model: the digest of the model.
        recipe: of the model.
        classes: the most probable classes with their probabilities, best first.
        labels: the classes that are not ruled out.
        inputs_digest: of what the model read of the event; part of a detection's id.
    """

    label: str = ""
    probability: float = 0.0
    detection: bool = False
    threshold: float = 0.0
    reason: str = ""
    error: str = ""
    model: str = ""
    recipe: str = ""
    classes: tuple[tuple[str, float], ...] = ()
    labels: tuple[str, ...] = ()
    inputs_digest: str = ""


def read_scores(body: Any, count: int) -> list[EventScore]:  # noqa: ANN401 - JSON
    """Read the results of `POST /v1/score`.

    Args:
        body: of the response, as JSON.
        count: how many events were sent; their ids are 0, 1, 2 and so on.

    Raises:
        ValueError: when the body is not a whole response of `sftsec serve`.
    """
    try:
        found = body["results"]
        complete = [each["id"] for each in found] == list(range(count))
        results = [_result(each, body) for each in found]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a response of `sftsec serve`") from error
    if not complete:
        raise ValueError("the results are not those of the events")
    return results


def _result(found: Mapping[str, Any], body: Mapping[str, Any]) -> EventScore:
    model, threshold = body["model"], float(body["threshold"])
    digest, recipe = _text(model["digest"]), _text(model["recipe"])
    if found.get("error") is not None:
        return EventScore(error=one_line(found["error"]), model=digest, recipe=recipe)
    return EventScore(
        label=_text(found["label"]),
        probability=_probability(found),
        detection=found.get("detection") is True,
        threshold=threshold,
        reason=one_line(found.get("reason") or "", _MAX_REASON),
        model=digest,
        recipe=recipe,
        classes=tuple((_text(each["label"]), _probability(each)) for each in found["top_classes"]),
        labels=tuple(_text(each) for each in found["labels"]),
        inputs_digest=_text(found["inputs_digest"]),
    )


def _probability(found: Mapping[str, Any]) -> float:
    probability = float(found["probability"])
    if not 0 <= probability <= 1:
        raise ValueError("not a probability")
    return probability


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
