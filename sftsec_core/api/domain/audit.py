"""What was done, by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
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
    """

    seq: int
    at: datetime
    actor: str
    action: str
    object: str
    details: Mapping[str, Any]
    hash: str
