"""What goes back into the SIEM."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


def detection_uid(model_digest: str, incident_uid: str) -> str:
    """Name a detection by what made it, so that the same one is never a second one."""
    raw = f"{model_digest}\x00{incident_uid}".encode()
    return hashlib.sha256(raw).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class Detection:
    """One incident that the model in service holds for an attack.

    Attributes:
        uid: `detection_uid(model_digest, incident_uid)`.
        label: the most probable class that is not benign.
        probability: calibrated, 0 to 1: of not being benign, or of `label` in a task without
            a benign class.
        threshold: what `probability` had to reach.
        top_classes: the most probable classes with their probabilities, best first.
        at: the source event's time.
        fields: those of the event's fields that a reader needs to find and judge it.
        explanation: the reason in words, when an explainer gave one.
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
    explanation: str | None = None


@dataclass(frozen=True, slots=True)
class PushReceipt:
    """What became of a batch of detections.

    Attributes:
        written: uids that are new on the other side.
        duplicates: uids that were there already: delivered, not copied.
        rejected: uid and reason of those that the other side refuses for good.
    """

    written: Sequence[str] = ()
    duplicates: Sequence[str] = ()
    rejected: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Suppression:
    """A decision not to push a detection, with the reason that the audit log keeps."""

    reason: str
