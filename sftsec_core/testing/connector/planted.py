"""A filled platform, and what one pull of it brought: most tests look at the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Incident, IncidentPage, PullWindow
from sftsec_core.testing.connector.planting import incidents_for

if TYPE_CHECKING:
    from sftsec_core.api.contracts import Connector
    from sftsec_core.testing.connector.platform import Platform

EVERYTHING = PullWindow()
LABELLED = PullWindow(labelled=True)
UNLABELLED = PullWindow(labelled=False)


@contextmanager
def connected(platform: Platform) -> Iterator[Connector]:
    """Open a connector and close it afterwards."""
    connector = platform.connect()
    try:
        yield connector
    finally:
        connector.close()


def pull(
    platform: Platform, window: PullWindow = EVERYTHING, cursor: str | None = None
) -> list[IncidentPage]:
    """Pull to the end with a connector of its own, as the next process does."""
    with connected(platform) as connector:
        return list(connector.pull(window, cursor=cursor))


def incidents(pages: Sequence[IncidentPage]) -> list[Incident]:
    """The incidents of pages."""
    return [incident for page in pages for incident in page.incidents]


def uids(pages: Sequence[IncidentPage]) -> list[str]:
    """The names of the incidents of pages."""
    return [incident.uid for incident in incidents(pages)]


class Planted:
    """A platform that was filled once; no test that shares it may add or remove incidents.

    Attributes:
        platform: the platform.
        incidents: what was planted, by the name that the connector gives it.
    """

    def __init__(self, platform: Platform) -> None:
        """Fill an empty platform."""
        made = incidents_for(platform)
        platform.fill(made)
        self.platform = platform
        self.incidents: Mapping[str, Incident] = {platform.named(i.uid): i for i in made}

    @cached_property
    def pages(self) -> list[IncidentPage]:
        """The pages of one whole pull."""
        return pull(self.platform)

    @property
    def pulled(self) -> list[Incident]:
        """The incidents of that pull."""
        return incidents(self.pages)

    def where(self, *, labelled: bool) -> set[str]:
        """The names of the planted incidents with or without a verdict."""
        return {uid for uid, each in self.incidents.items() if bool(each.verdicts) == labelled}
