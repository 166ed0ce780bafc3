"""What a recipe trains on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Example:
    """One text with its label, and what keeps it out of the wrong part of a split.

    Attributes:
        uid: the incident's uid.
        text: what the model reads; cleaned and redacted.
        label: one of the task's labels.
        cluster: texts that are near-duplicates of each other share this number.
        group: the case, host or report that it belongs to, when the task names one.
        at: the event's time (timezone-aware).
        split: the part that the source itself put it in, if it did.
        weight: the trust in its label, 0 (none) to 1 (full).
    """

    uid: str
    text: str
    label: str
    cluster: int = -1
    group: str | None = None
    at: datetime | None = None
    split: str | None = None
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Split:
    """Train to fit, dev to choose, test to report; no text, cluster or group in two of them.

    Attributes:
        method: how it was made ("given", "time", "group", "stratified", a plugin's name).
        notes: what a reader of the report should know: rows dropped as copies, dev carved
            from train.
    """

    train: Sequence[Example]
    dev: Sequence[Example]
    test: Sequence[Example]
    method: str = "given"
    notes: tuple[str, ...] = ()

    def parts(self) -> tuple[tuple[str, Sequence[Example]], ...]:
        """The three parts with their names, in the order train, dev, test."""
        return (("train", self.train), ("dev", self.dev), ("test", self.test))
