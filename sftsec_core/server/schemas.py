"""Request and response of `POST /v1/score`.

    POST /v1/score
    {"task": "mail", "events": [{"id": "7", "fields": {"message": "verify your account"}}]}

    {"task": "mail", "model": {"digest": "f9c5...", "recipe": "linear"}, "threshold": 0.5,
     "results": [{"id": "7", "action": "alert", "label": "malicious", "labels": ["malicious"],
                  "probability": 0.97, "detection": true,
                  "top_classes": [{"label": "malicious", "probability": 0.97}, ...],
                  "reason": null, "error": null, "inputs_digest": "5d41..."}],
     "counts": {"events": 1, "scored": 1, "failed": 0}}

One result for each event, in the order of the events. An event of another shape has an error as its
result, and the others are scored: `counts` says how many were and were not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from sftsec_core.sdk.json_values import read_any_json
from sftsec_core.server.error_responses import ProblemError

# More than an event's fields may nest: one that is cut here is refused for its depth there.
_MAX_NESTING = 64
_MAX_ERRORS = 3
# Bytes of a body whose events are counted and not measured.
_SHORT_BODY = 1 << 16


class _RequestModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScoreEvent(_RequestModel):
    """One event, nested or with dotted names."""

    id: StrictStr | StrictInt | None = Field(
        None, description="Returned with the result; a number of more than 64 bits as text."
    )
    fields: dict[str, Any] = Field(description="ECS names to values; only what is read is kept.")


class ScoreRequest(_RequestModel):
    """A batch of events for one task."""

    task: StrictStr = Field(max_length=200, description="A task of sftsec.yaml.")
    events: list[Annotated[ScoreEvent | Any, Field(union_mode="left_to_right")]] = Field(
        description="What is not an event of this shape has an error as its result."
    )


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """An event of another shape.

    Attributes:
        id: of the event, where it has one.
        error: one line without a word of the content.
    """

    id: str | int | None
    error: str


@dataclass(frozen=True, slots=True)
class ScoreBatch:
    """A request that was read.

    Attributes:
        task: as the request names it.
        events: in their order.
        sizes: characters of each event's names and texts; () for a body that is short as a whole.
    """

    task: str
    events: Sequence[ScoreEvent | RefusedEvent]
    sizes: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class ClassProbability:
    """One class with its calibrated probability."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class EventResult:
    """The result of one event.

    Attributes:
        id: of the event, as it was sent; a number of more than 64 bits is the text of its digits.
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
class EventCounts:
    """How many events a batch holds, and how many of them have a label or an error."""

    events: int
    scored: int
    failed: int

    @classmethod
    def of(cls, results: Sequence[EventResult]) -> EventCounts:
        """Count results."""
        failed = sum(each.error is not None for each in results)
        return cls(len(results), len(results) - failed, failed)


@dataclass(frozen=True, slots=True)
class ScoreResponse:
    """The response to a batch; the results are in the order of its events."""

    task: str
    model: ModelInfo
    threshold: float
    results: list[EventResult]
    counts: EventCounts


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """A task as `GET /v1/tasks` shows it.

    Attributes:
        status: "ready", "loading", "none" (no live model) or "failed".
        error: why the newest model does not serve.
    """

    task: str
    status: Literal["ready", "loading", "none", "failed"]
    labels: list[str]
    benign: str | None
    text_fields: list[str]
    model: ModelInfo | None
    threshold: float | None
    error: str | None


@dataclass(frozen=True, slots=True)
class TaskList:
    """The response of `GET /v1/tasks`."""

    tasks: list[TaskInfo]


@dataclass(frozen=True, slots=True)
class Alive:
    """The response of `GET /healthz`."""

    status: Literal["alive"]


@dataclass(frozen=True, slots=True)
class Readiness:
    """The response of `GET /readyz`: the worst state of the tasks, and how many have an error.

    "draining" where the server is stopping.
    """

    status: Literal["ready", "loading", "none", "failed", "draining"]
    errors: int


def read_request(body: bytes, *, max_batch: int) -> ScoreBatch:
    """Parse and check the body of a request; an event that cannot be read is refused by itself.

    Raises:
        ProblemError: 400 when it is not JSON, 413 for too many events, 422 for another shape of
            what is around the events; the message repeats none of the content.
    """
    try:
        data = read_any_json(body, _MAX_NESTING)
    except ValueError:
        raise ProblemError(
            400, 'the body is not JSON; send {"task": ..., "events": [{"fields": {...}}]}'
        ) from None
    events = data.get("events") if isinstance(data, dict) else None
    if isinstance(events, list) and len(events) > max_batch:
        raise ProblemError(
            413, f"a batch may hold {max_batch} events, this one holds {len(events)}: split it"
        )
    try:
        request = ScoreRequest.model_validate(data)
    except ValidationError as error:
        raise ProblemError(422, _error_summary(error, "the body")) from None
    events = [each if isinstance(each, ScoreEvent) else _refused(each) for each in request.events]
    sizes = () if len(body) < _SHORT_BODY else [_size(each) for each in events]
    return ScoreBatch(request.task, events, sizes)


def _size(event: ScoreEvent | RefusedEvent) -> int:
    """Characters of an event's names and texts; another value counts as one of eight."""
    size, found = 0, [] if isinstance(event, RefusedEvent) else [event.fields]
    while found:
        value = found.pop()
        if isinstance(value, dict):
            size += sum(map(len, value))
            found += value.values()
        elif isinstance(value, list):
            found += value
        else:
            size += len(value) if isinstance(value, str) else 8
    return size


def _refused(event: object) -> RefusedEvent:
    given = event.get("id") if isinstance(event, dict) else None
    known = given if isinstance(given, str | int) and not isinstance(given, bool) else None
    try:
        ScoreEvent.model_validate(event)
    except ValidationError as error:
        return RefusedEvent(known, _error_summary(error, "the event"))
    raise AssertionError("an event that was refused is valid")


def _error_summary(error: ValidationError, whole: str) -> str:
    found = error.errors(include_input=False, include_context=False, include_url=False)
    lines = dict.fromkeys(_error_line(each["type"], each["loc"], whole) for each in found)
    more = f"; and {len(lines) - _MAX_ERRORS} more" if len(lines) > _MAX_ERRORS else ""
    return "; ".join(list(lines)[:_MAX_ERRORS]) + more


def _error_line(kind: str, place: tuple[int | str, ...], whole: str) -> str:
    # A key of the caller may be content: only our own are named.
    name = next((part for part in reversed(place) if part in _EXPECTED), None)
    if kind == "extra_forbidden":
        return f"{whole}: holds a key that is not allowed; allowed are {_ALLOWED[whole]}"
    if kind == "missing":
        return f"{name}: is required"
    return f"{name or whole}: must be {_EXPECTED[name]}"


_ALLOWED = {"the body": "task and events", "the event": "id and fields"}
_EXPECTED: dict[object, str] = {
    None: "an object",
    "task": "a task's name, at most 200 characters",
    "events": "a list",
    "id": "a string or a whole number",
    "fields": "an object of field names and values",
}
