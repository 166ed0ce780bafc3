"""Pulling whole sources in tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Incident, PullWindow, Rejection

if TYPE_CHECKING:
    from sftsec_splunk.connector import SplunkConnector


AT = 1767600000.0  # 2026-01-05 08:00 UTC


LABELLED, UNLABELLED, BOTH = (PullWindow(labelled=each) for each in (True, False, None))


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def pulled(connector: SplunkConnector, window: PullWindow = BOTH) -> list[Incident]:
    return [each for page in connector.pull(window) for each in page.incidents]


def rejected(connector: SplunkConnector, window: PullWindow = BOTH) -> list[Rejection]:
    return [each for page in connector.pull(window) for each in page.rejected]


def uids(connector: SplunkConnector, window: PullWindow = BOTH) -> list[str]:
    return [each.uid for each in pulled(connector, window)]


def said(incident: Incident) -> list[tuple[str, str | None]]:
    """The verdicts: word and analyst."""
    return [(each.value, each.analyst) for each in incident.verdicts]


def source(**settings: object) -> dict[str, object]:
    """A search; an id is the event's name."""
    scope = {"id_scope": "source"} if "uid" in settings else {}
    return {"kind": "search", "search": "index=mail", **scope, **settings}
