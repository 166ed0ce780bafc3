"""What was done, by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that was done.

    Attributes:
        seq: counts from 1 without a gap.
        at: when (UTC).
        actor: the operating system's user.
        action: noun and verb ("model.promoted").
        object: what it was done to ("phishing/live").
        details: figures and reasons; never a secret.
        hash: hex SHA-256 over the hash before it and this entry's content.
        log: the hash of the log's first entry: names the log where several installations write
            to one place; "" where it is not known.
    """

    seq: int
    at: datetime
    actor: str
    action: str
    object: str
    details: Mapping[str, Any]
    hash: str
    log: str = ""


@dataclass(frozen=True, slots=True)
class AuditAnchor:
    """The end of a copy of an audit log, as the platform holds it.

    Attributes:
        seq: the highest number of an entry there.
        hashes: of all entries there with this number; one, unless someone else wrote there.
    """

    seq: int
    hashes: Sequence[str]
