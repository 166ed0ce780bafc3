"""Requests and responses of `/v1/labels`.

    GET /v1/labels/queue?task=mail&limit=50
    {"items": [{"id": -7, "task": "mail", "connector": "siem", "incident": "mail.jsonl#4",
                "copies": 2, "label": "malicious", "probability": 0.52, "reason": "...",
                "at": 1767600000.0, "requested": 1767686400.0, "fields": {"message": "..."},
                "cut": {}, "explanation": null}],
     "after": null, "waiting": 1}

    POST /v1/labels/verdicts
    {"verdicts": [{"key": "0f3c...", "id": -7, "label": "malicious", "reason": "a fake login"}]}

    POST /v1/labels/retractions
    {"keys": ["0f3c..."]}

The two last answer with the verdicts as they are kept.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

import orjson
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from sftsec_core.server.error_responses import ProblemError

MOST_AT_ONCE = 500
Key = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16,64}$")]


def _whole(value: object) -> object:
    """JSON knows no integers of their own: 1.0 is one, as JSON Schema says."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class VerdictBody(_Model):
    """A verdict on an incident of the queue; the analyst is the token's owner."""

    key: Key = Field(description="Random hexadecimal digits: sent twice, it is one verdict.")
    id: Annotated[int, BeforeValidator(_whole)] = Field(
        ge=-(2**53), le=2**53, description="The incident's, from the queue."
    )
    label: str = Field(min_length=1, max_length=200, description="One of the task's labels.")
    reason: str | None = Field(None, max_length=2000, description="In the analyst's words.")


class VerdictsRequest(_Model):
    """Verdicts that are given together."""

    verdicts: list[VerdictBody] = Field(min_length=1, max_length=MOST_AT_ONCE)


class RetractionsRequest(_Model):
    """Verdicts that are taken back together."""

    keys: list[Key] = Field(min_length=1, max_length=MOST_AT_ONCE)


class LabelTask(_Model):
    """A task whose incidents may be judged, with its labels in the configuration's order."""

    task: str
    labels: list[str]
    benign: str | None


class SessionResponse(_Model):
    """Who asks, and what may be judged."""

    analyst: str
    tasks: list[LabelTask]


class QueueMark(_Model):
    """A word or a field that the model goes by."""

    input: str = Field(description="The field; the input's name where it is of no single field.")
    words: str
    contribution: float = Field(description="Natural log-odds; above 0 it speaks for the label.")
    span: tuple[int, int] | None = Field(
        description="First character and one past the last in `fields`, in code points; null for "
        "what is not shown there."
    )


class QueueExplanation(_Model):
    """What the model goes by."""

    label: str = Field(description="The class that positive contributions speak for.")
    against: str
    text: str
    marks: list[QueueMark]


class QueueItem(_Model):
    """An incident that waits for a verdict."""

    id: int
    task: str
    connector: str
    incident: str
    copies: int = Field(description="Further incidents with the same inputs; judged with it.")
    label: str = Field(description="What the model would decide on.")
    probability: float = Field(description="0 to 1; of `label` in a task without a benign one.")
    reason: str
    at: float | None = Field(description="The event's time, seconds since 1970.")
    requested: float
    fields: dict[str, str] = Field(description="The event's fields, redacted.")
    cut: dict[str, int] = Field(description="Names of fields that are cut, and their lengths.")
    explanation: QueueExplanation | None = Field(
        description="Null where the task names no explainer, and where it failed."
    )


class QueueResponse(_Model):
    """A part of the queue."""

    items: list[QueueItem]
    after: int | None = Field(description="For the next part; null at the end.")
    waiting: int = Field(description="How many wait in all.")


class VerdictItem(_Model):
    """A verdict that was given on the page or by this interface."""

    key: str
    id: int
    task: str
    incident: str
    copies: int
    label: str
    analyst: str
    at: float
    reason: str | None
    retracted: float | None = Field(description="When it was taken back.")
    fields: dict[str, str]
    event_at: float | None


class VerdictsResponse(_Model):
    """Verdicts, the newest first."""

    verdicts: list[VerdictItem]


RequestT = TypeVar("RequestT", bound=BaseModel)


def read_body(body: bytes, model: type[RequestT]) -> RequestT:
    """Parse and check the body of a request.

    Raises:
        ProblemError: 400 when it is not JSON, 422 for another shape; the message repeats none of
            the content.
    """
    try:
        return model.model_validate(orjson.loads(body))
    except orjson.JSONDecodeError:
        raise ProblemError(400, "the body is not JSON") from None
    except ValidationError as error:
        known = {
            "verdicts",
            "keys",
            "key",
            "id",
            "label",
            "reason",
            "task",
            "connector",
            "incident",
        }
        found = error.errors(include_input=False, include_context=False, include_url=False)[0]
        place = ".".join(str(p) for p in found["loc"] if isinstance(p, int) or p in known)
        raise ProblemError(422, f"{place or 'the body'}: {found['msg']}") from None
