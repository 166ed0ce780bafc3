"""Events of mail in an index, and pulls that something happens to."""

from __future__ import annotations

from collections.abc import Callable

from sftsec_core.api.domain import IncidentPage
from sftsec_splunk.connector import SplunkConnector
from tests.connectors.splunk.pulls import AT, BOTH
from tests.connectors.splunk.sites import Site

COUNT = 20
NAMES = [f"uid-{number:02}" for number in range(COUNT)]
MAIL = {"kind": "search", "search": "index=mail", "uid": "uid", "id_scope": "source"}


def read(
    connector: SplunkConnector, pages: list[IncidentPage], after_each: Callable[[], None]
) -> None:
    for page in connector.pull(BOTH):
        pages.append(page)
        after_each()


def names(pages: list[IncidentPage]) -> list[str]:
    return [each.uid for page in pages for each in page.incidents]


def mail_connector(site: Site) -> SplunkConnector:
    """Index the events, and connect to them."""
    for number, name in enumerate(NAMES):
        site.index("mail", AT + number, uid=name)
    return site.connect(sources=[MAIL], page_size=3, slice_events=8)
