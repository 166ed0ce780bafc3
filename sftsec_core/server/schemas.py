"""Request and response of `POST /v1/score`.

    POST /v1/score
    {"task": "mail", "events": [{"id": "7", "fields": {"message": "verify your account"}}]}

    {"task": "mail", "model": {"digest": "f9c5...", "recipe": "linear"}, "threshold": 0.5,
     "results": [{"id": "7", "action": "alert", "label": "malicious", "labels": ["malicious"],
                  "probability": 0.97, "detection": true,
                  "top_classes": [{"label": "malicious", "probability": 0.97}, ...],
                  "reason": null, "error": null, "inputs_digest": "5d41..."}]}

One result for each event, in the order of the events.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from sftsec_core.server.error_responses import ProblemError

_MAX_ERRORS = 3
_OUR_KEYS = frozenset({"task", "events", "id", "fields"})


class _RequestModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScoreEvent(_RequestModel):
    """One event, nested or with dotted names."""

    id: StrictStr | StrictInt | None = Field(None, description="Returned with the result.")
    fields: dict[str, Any] = Field(description="ECS names to values; only what is read is kept.")


class ScoreRequest(_RequestModel):
    """A batch of events for one task."""

    task: StrictStr = Field(max_length=200, description="A task of sftsec.yaml.")
    events: list[ScoreEvent]


@dataclass(frozen=True, slots=True)
class ClassProbability:
    """One class with its calibrated probability."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class EventResult:
    """The result of one event.

    Attributes:
        id: of the event, as it was sent.
        label: the class that was decided on; None with an error.
        probability: calibrated, of being an attack (of `label` in a task without a benign one).
        detection: whether `sftsec score` would push an alert.
        top_classes: the most probable classes, best first.
        reason: of the decision, where there is more to say.
        error: why this event was not scored.
        action: "dismiss", "review" or "alert"; None with an error.
        labels: every class that the decider does not rule out.
        inputs_digest: of what the model read; with the model and the incident's name it makes the
            uid of the detection that `sftsec score` would push. "" for a model of an older version,
            None with an error.
    """

    id: str | int | None
    label: str | None = None
    probability: float | None = None
    detection: bool = False
    top_classes: tuple[ClassProbability, ...] = ()
    reason: str | None = None
    error: str | None = None
    action: str | None = None
    labels: tuple[str, ...] = ()
    inputs_digest: str | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The model that scored."""

    digest: str
    recipe: str


@dataclass(frozen=True, slots=True)
class ScoreResponse:
    """The response to a batch; the results are in the order of its events."""

    task: str
    model: ModelInfo
    threshold: float
    results: list[EventResult]


def read_request(body: bytes, *, max_batch: int) -> ScoreRequest:
    """Parse and check the body of a request.

    Raises:
        ProblemError: 400 when it is not JSON, 413 for too many events, 422 for another shape;
            the message repeats none of the content.
    """
    data = _parse(body)
    events = data.get("events") if isinstance(data, dict) else None
    if isinstance(events, list) and len(events) > max_batch:
        raise ProblemError(
            413, f"a batch may hold {max_batch} events, this one holds {len(events)}: split it"
        )
    try:
        return ScoreRequest.model_validate(data)
    except ValidationError as error:
        raise ProblemError(422, _error_summary(error)) from None


def _parse(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    # Half a surrogate pair or a byte that is not UTF-8 may be an attacker's choice: such an event
    # must not keep the others from being scored.
    try:
        return json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise ProblemError(
            400, 'the body is not JSON; send {"task": ..., "events": [{"fields": {...}}]}'
        ) from None


def _error_summary(error: ValidationError) -> str:
    found = error.errors(include_input=False, include_context=False, include_url=False)
    lines = dict.fromkeys(_error_line(each["type"], each["loc"]) for each in found)
    more = f"; and {len(lines) - _MAX_ERRORS} more" if len(lines) > _MAX_ERRORS else ""
    return "; ".join(list(lines)[:_MAX_ERRORS]) + more


def _error_line(kind: str, place: tuple[int | str, ...]) -> str:
    if kind == "extra_forbidden":
        where, allowed = place[:-1], "id and fields" if len(place) > 1 else "task and events"
        return f"{_path(where)}: holds a key that is not allowed; allowed are {allowed}"
    if kind == "missing":
        return f"{_path(place)}: is required"
    return f"{_path(place)}: must be {_EXPECTED.get(_last_key(place), 'an object')}"


_EXPECTED = {
    "task": "a task's name, at most 200 characters",
    "events": "a list",
    "id": "a string or a whole number",
    "fields": "an object of field names and values",
}


def _path(place: tuple[int | str, ...]) -> str:
    """The known parts of a place alone: a key of the caller may be content."""
    known = [str(part) for part in place if isinstance(part, int) or part in _OUR_KEYS]
    return ".".join(known) or "the body"


def _last_key(place: tuple[int | str, ...]) -> str:
    names = [part for part in place if isinstance(part, str) and part in _OUR_KEYS]
    # `events.3` itself is an event; only a name after the number says more.
    return names[-1] if names and not isinstance(place[-1], int) else ""
