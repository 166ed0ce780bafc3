"""What a SIEM holds: incidents, the verdicts on them, and pages of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sftsec_core.api.domain.explanations import Explanation


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judgement on one incident, with where it came from.

    Attributes:
        value: the platform's own word ("true_positive", "spam", "5"), not yet a task's label.
        analyst: who gave it; None when the platform does not say.
        at: when (timezone-aware); None when the platform does not say.
        reason: free text or the platform's closing reason, for review.
        automated: True when no person gave it: weaker evidence.
    """

    value: str
    analyst: str | None = None
    at: datetime | None = None
    reason: str | None = None
    automated: bool = False


@dataclass(frozen=True, slots=True)
class Incident:
    """One event, alert or notable.

    Attributes:
        uid: unique within its connector, stable between pulls.
        fields: the event's fields, flat: dotted ECS names to JSON values.
        verdicts: every verdict that the source knows, oldest first; empty when unlabelled.
        at: the event's own time (timezone-aware), when it has one.
        split: "train", "dev" or "test" where the source itself says so.
    """

    uid: str
    fields: Mapping[str, Any]
    verdicts: tuple[Verdict, ...] = ()
    at: datetime | None = None
    split: str | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that could not be used: where it stood and why; goes to quarantine.

    Attributes:
        where: the place as its owner would name it ("mail.jsonl:17", "index/_id").
        reason: what is wrong with it, without the record's content.
        digest: hex SHA-256 of the raw record, to recognise it again; "" when there is none.
    """

    where: str
    reason: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """What one step of a pull brings.

    Attributes:
        incidents: the page's incidents, in the source's order.
        cursor: opaque; `pull(window, cursor=page.cursor)` resumes right after this page.
        rejected: records of this page that could not be read.
    """

    incidents: tuple[Incident, ...]
    cursor: str
    rejected: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class PullWindow:
    """Which incidents to pull.

    Attributes:
        since: inclusive lower bound of the event's time; None for no bound.
        until: exclusive upper bound; None for no bound.
        labelled: True for incidents with a verdict, False for those without, None for both.
        fields: dotted names that the caller will read; a hint, a connector may bring more.
            Empty means all.
        required: of `fields`, those that some incident must have, or else the name is misspelt: a
            connector that read all and met one nowhere may raise an error that names it.
    """

    since: datetime | None = None
    until: datetime | None = None
    labelled: bool | None = None
    fields: tuple[str, ...] = field(default=())
    required: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class LabelRequest:
    """A request for a verdict on one incident, with what an analyst is shown beside it.

    Attributes:
        task: whose model asks.
        label: the class that it would decide on.
        probability: calibrated, 0 to 1: of being an attack, or of `label` in a task without a
            benign class.
        reason: why it asks, in words.
        at: the event's time.
        fields: the event's fields as the task's steps left them, redacted.
        inputs_digest: of what the model read: incidents of one digest are copies; "": not known.
        explanation: what the model goes by, when an explainer said so.
    """

    incident_uid: str
    task: str
    label: str
    probability: float
    reason: str
    at: datetime | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    inputs_digest: str = ""
    explanation: Explanation | None = None
