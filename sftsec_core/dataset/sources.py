"""Whose a record is, in a data set that is made of several connectors.

Each connector has its own uids, and two may use the same one. In such a data set an incident is
named `connector:uid`, so that no verdict of one connector's stands on another one's incident. A
data set of one connector has the connector's own uids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.api.domain import IncidentPage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sftsec_core.api.contracts import PullPart

_AT = "@"
_BEHIND = ":"  # no connector that stands in a task's list has it in its name


@dataclass(frozen=True, slots=True)
class SourcePage(IncidentPage):
    """A page of one of several connectors.

    Attributes:
        connector: its name in the configuration; "" where the data set is of one connector.
    """

    connector: str = ""


@dataclass(frozen=True, slots=True)
class SourceParts:
    """What one connector's pull is made of.

    Attributes:
        connector: its name in the configuration; "" where the data set is of one connector.
        cursor: of the pull after it, to resume there.
        parts: in the order of the pull; each is asked for when those before it are taken.
    """

    connector: str
    cursor: str | None
    parts: Iterable[PullPart]


def scoped_uid(connector: str, uid: str) -> str:
    """Name an incident within a data set; `connector` is "" where that is of one connector."""
    return f"{connector}{_BEHIND}{uid}" if connector else uid


def abroad_uid(uid: str, connector: str) -> str:
    """Name an incident where another connector than its own is told of it: in a detection."""
    return f"{uid}{_AT}{connector}"


def at_home(uid: str) -> tuple[str, str]:
    """The connector and the uid that `abroad_uid` made a name of; the connector may be no one's."""
    own, _, connector = uid.rpartition(_AT)
    return connector, own


def unscoped(name: str) -> tuple[str, str]:
    """The connector and the uid that `scoped_uid` made a name of."""
    connector, _, uid = name.partition(_BEHIND)
    return connector, uid
