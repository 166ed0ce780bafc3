"""What goes back into the SIEM."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sftsec_core.api.domain.explanations import Explanation


class Action(StrEnum):
    """What is done with a scored incident: nothing, a request for a verdict, or an alert."""

    DISMISS = "dismiss"
    REVIEW = "review"
    ALERT = "alert"


def detection_uid(model_digest: str, incident_uid: str, inputs: str, connector: str = "") -> str:
    """Derive a detection's uid from its model, its incident and what the model read of it.

    A repeat has the same uid. An incident that goes on under its name with other content (a second
    attack in one network flow) has another one: what is new in it is not taken for a repeat.

    Args:
        model_digest: of the model.
        incident_uid: the platform's name of the incident.
        inputs: `inputs_digest` of what the model read; "" for the models of older versions, which
            take an incident for the same whatever it holds.
        connector: that knows the incident by this name, where detections of several connectors
            go to one place; "" where the name alone is enough.
    """
    parts = [model_digest, incident_uid]
    if inputs or connector:
        parts.append(inputs)
    if connector:
        parts.append(connector)
    raw = "\x00".join(parts).encode()
    return hashlib.sha256(raw).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class Detection:
    """One incident that the live model flagged as malicious: an alert.

    Attributes:
        uid: `detection_uid(model_digest, incident_uid, inputs_digest(inputs))`.
        incident_uid: of the incident, within its connector; `uid@connector` where a task has
            several and its detections go to one that is not the incident's.
        label: the class that was decided on; never the benign one.
        probability: calibrated, 0 to 1: of not being benign, or of `label` in a task without
            a benign class.
        threshold: what `probability` had to reach.
        top_classes: the most probable classes with their probabilities, best first.
        at: the source event's time.
        fields: those of the event's fields that a reader needs to find and assess it.
        explanation: why, when an explainer said so.
        labels: every class that the decider does not rule out, `label` among them.
    """

    uid: str
    incident_uid: str
    task: str
    model_digest: str
    label: str
    probability: float
    threshold: float
    top_classes: tuple[tuple[str, float], ...] = ()
    at: datetime | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    explanation: Explanation | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PushReceipt:
    """The result of pushing a batch of detections.

    Attributes:
        written: uids that are new on the platform.
        duplicates: uids that were there already: delivered, not copied.
        rejected: uid and reason of those that the platform rejects for good.
    """

    written: Sequence[str] = ()
    duplicates: Sequence[str] = ()
    rejected: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Suppression:
    """A decision not to push a detection, with the reason that the audit log keeps."""

    reason: str
