"""A scoring run whose source or destination is lost, and one whose plugins have changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sftsec_core.api.domain import BatchPushed, Event, Incident, IncidentPage, PullWindow
from sftsec_core.api.errors import ConnectorUnavailableError, NoLiveModelError
from sftsec_core.operations.context import Context
from sftsec_core.operations.retrain import retrain
from sftsec_core.operations.score import score
from sftsec_core.testing import MemoryConnector, MemorySource, make_incidents
from tests.core.operations.memory_site import MemoryPlugin, memory_context
from tests.core.operations.secret_task import Observer

PAGE = 50


class Breaks(MemoryConnector):
    """Loses its connection before the page of this number."""

    def __init__(self, source: MemorySource, page: int | None) -> None:
        super().__init__(source, page_size=PAGE)
        self.page = page

    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        for number, page in enumerate(super().pull(window, cursor=cursor)):
            if number == self.page:
                raise ConnectorUnavailableError("the server is gone", connector="siem")
            yield page


class Site:
    """A source with labelled and open incidents, and what its connector does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = MemorySource(list(make_incidents(300, labelled=1.0)))
        self.page: int | None = None
        self.told: list[Event] = []

    def open(self) -> Context:
        plugin = MemoryPlugin(lambda: Breaks(self.source, self.page))
        return memory_context(self.folder, plugin, Observer(), sinks=[self.told.append])

    def add(self, incidents: Sequence[Incident]) -> None:
        self.source.records += [replace(each, uid=f"open-{each.uid}") for each in incidents]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path)


def make_site(folder: Path) -> Site:
    """A site with a live model and incidents to score."""
    made = Site(folder)
    with made.open() as context:
        assert retrain(context, "mail").promoted
    made.add(make_incidents(200, seed=1, labelled=0.0))
    return made


class TestLostConnection:
    def test_of_source_delivers_what_was_scored(self, site: Site) -> None:
        site.page = 2
        with site.open() as context, pytest.raises(ConnectorUnavailableError, match="is gone"):
            score(context, "mail")
        uids = {f"open-{each.uid}" for each in make_incidents(2 * PAGE)}
        delivered = {each.incident_uid for each in site.source.detections.values()}
        assert delivered
        assert delivered < uids
        site.page = None
        with site.open() as context:
            rest = score(context, "mail")
            assert [run.status for run in context.store.runs.list("mail", kind="score")] == [
                "succeeded"
            ]
        assert rest.scored.scored == 100
        assert rest.delivered.written == len(site.source.detections) - len(delivered) > 0

    def test_of_destination_leaves_detections_waiting(self, site: Site) -> None:
        with site.open() as context:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Breaks, "push", unreachable)
                with pytest.raises(ConnectorUnavailableError, match="wait in the outbox"):
                    score(context, "mail")
            pending = context.store.outbox.pending("siem")
            again = score(context, "mail")
        assert pending > 0
        assert again.scored.scored == 0
        assert again.delivered.written == len(site.source.detections) == pending
        assert sum(each.written for each in site.told if isinstance(each, BatchPushed)) == pending


def unreachable(self: Breaks, _detections: object) -> None:
    raise ConnectorUnavailableError("the server is gone", connector="siem")


class TestLiveModel:
    def test_is_asked_for_before_a_run(self, tmp_path: Path) -> None:
        with Site(tmp_path).open() as context:
            with pytest.raises(NoLiveModelError, match="`sftsec retrain mail` trains one"):
                score(context, "mail")
            assert context.store.runs.list("mail") == []
