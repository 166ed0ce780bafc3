"""A scoring run whose source or destination is lost, and one whose plugins have changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import (
    BatchPushed,
    Detection,
    Event,
    Incident,
    IncidentPage,
    Message,
    PullWindow,
    PushReceipt,
    Verdict,
)
from sftsec_core.api.errors import ConnectorUnavailableError, NoLiveModelError
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.context import Context
from sftsec_core.operations.redeliver import redeliver
from sftsec_core.operations.request_labels import request_labels
from sftsec_core.operations.retrain import retrain
from sftsec_core.operations.score import score
from sftsec_core.operations.show_status import show_status
from sftsec_core.testing import MemoryConnector, MemorySource, make_incidents
from tests.core.operations.memory_site import MemoryPlugin, SeveralPlugin, memory_context
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


BOTH = ("crowd", "mail")


class Several:
    """Two platforms whose incidents have the same uids, and a task that reads both."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[Event] = []
        self.sources = {
            name: MemorySource(list(make_incidents(200, seed=seed, labelled=1.0)))
            for seed, name in enumerate(BOTH)
        }

    def open(self, *connectors: str, **task: Any) -> Context:
        plugin = SeveralPlugin(self.sources)
        names = connectors or BOTH
        sinks = [self.told.append]
        return memory_context(
            self.folder, plugin, Observer(), sinks=sinks, connectors=names, **task
        )

    def add(self) -> None:
        """Open incidents, of the same uids and texts on both platforms."""
        for source in self.sources.values():
            found = make_incidents(100, seed=7, labelled=0.0)
            source.records += [replace(each, uid=f"open-{each.uid}") for each in found]

    def pushed(self, name: str) -> list[str]:
        return [each.incident_uid for each in self.sources[name].detections.values()]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Several:
    """A site whose model learned from both."""
    site = Several(tmp_path_factory.mktemp("several"))
    with site.open() as context:
        made = retrain(context, "mail")
        assert made.promoted
        counted = made.report.data["connectors"]
        (snapshot,) = context.store.snapshots.list("mail")
        assert {name: counted[name]["read"] for name in BOTH} == {"crowd": 200, "mail": 200}
        assert sum(each["kept"] for each in counted.values()) == snapshot.rows
        assert context.registry.card(made.model)["training_data"]["connectors"] == counted
        assert retrain(context, "mail").unchanged
    return site


@pytest.fixture
def both(trained: Several, tmp_path: Path) -> Several:
    made = Several(Path(shutil.copytree(trained.folder, tmp_path / "site")))
    made.add()
    return made


class TestSeveralConnectors:
    def test_get_the_detections_of_their_own(self, both: Several) -> None:
        with both.open() as context:
            done = score(context, "mail")
            assert [done.by_source[name].scored for name in BOTH] == [100, 100]
            assert done.scored.scored == 200
            shown = done.to_json()
            assert shown["sources"]["mail"]["alerts"] == shown["alerts"] // 2 > 0
            assert both.pushed("crowd") == both.pushed("mail") != []
            assert len(both.pushed("mail")) == shown["destinations"]["mail"]["written"]
            assert shown["delivered"]["written"] == shown["alerts_by_outcome"]["written"]
            assert score(context, "mail").scored.pulled == 0
            assert score(context, "mail", rescan=True).delivered.written == 0

    def test_keep_their_incidents_apart_in_one_place(self, both: Several) -> None:
        """The same uid and the same text on two platforms are two alerts."""
        with both.open("crowd") as context:
            alone = score(context, "mail").scored.new
        before = dict(both.sources["crowd"].detections)
        with both.open(*BOTH, push_to="crowd") as context:
            done = score(context, "mail", rescan=True)
        assert done.by_source["crowd"].new == 0  # the first of the list keeps its uids
        assert done.by_source["mail"].new == alone == len(before)
        assert len(both.sources["crowd"].detections) == 2 * alone
        assert both.pushed("mail") == []
        others = [uid.removesuffix("@mail") for uid in both.pushed("crowd") if "@" in uid]
        assert others == [each.incident_uid for each in before.values()]

    def test_hear_of_verdicts_given_elsewhere(self, both: Several) -> None:
        """A detection of a mail is judged in the console that it was pushed to."""
        with both.open(*BOTH, push_to="crowd") as context:
            score(context, "mail")
            detections = both.sources["crowd"].detections.values()
            told = next(each for each in detections if each.incident_uid.endswith("@mail"))
            # As a connector brings back a detection whose event it does not have.
            verdicts = (Verdict("benign", "ann"),)
            judged = Incident(told.incident_uid, told.fields, verdicts, told.at)
            both.sources["crowd"].records.append(judged)
            build_dataset(context, "mail")
            done = score(context, "mail", rescan=True)
            assert [done.by_source[name].already_labelled for name in BOTH] == [0, 1]
            own = told.incident_uid.removesuffix("@mail")
            assert context.store.verdicts.of("mail", [own]) == {}  # it was given in crowd

    def test_that_are_lost_hold_up_no_other(self, both: Several) -> None:
        both.sources["crowd"].available = False
        with both.open() as context:
            with pytest.raises(ConnectorUnavailableError, match=r"connector 'crowd': .* is away"):
                score(context, "mail")
            assert context.store.runs.list("mail", kind="score")[0].status == "interrupted"
            (alone,) = (both.pushed("mail"),)
            assert alone
            both.sources["crowd"].available = True
            done = score(context, "mail")
        assert [done.by_source[name].scored for name in BOTH] == [100, 0]
        assert both.pushed("crowd") == both.pushed("mail") == alone

    def test_deliver_on_where_one_is_lost(self, both: Several) -> None:
        with both.open() as context:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(MemoryConnector, "push", unreachable_for(both.sources["crowd"]))
                with pytest.raises(ConnectorUnavailableError, match=r"'crowd'.*wait in the outbox"):
                    score(context, "mail")
            assert both.pushed("crowd") == []
            (status,) = show_status(context)
            assert status.outbox["pending"] == status.outbox["delivered"] > 0
            again = score(context, "mail")
        assert again.by_destination["crowd"].written == len(both.pushed("mail"))
        assert again.by_destination["mail"].written == 0
        assert both.pushed("crowd") == both.pushed("mail")

    def test_that_left_keep_what_waits(self, both: Several) -> None:
        """A connector is taken out of the task while detections wait for it."""
        both.sources["mail"].available = False
        with both.open(*BOTH, push_to="mail") as context:
            with pytest.raises(ConnectorUnavailableError):
                score(context, "mail")
            waiting = context.store.outbox.pending("mail")
        with both.open("crowd") as context:
            score(context, "mail")
            (status,) = show_status(context)
            said = [each.text for each in both.told if isinstance(each, Message)]
        assert status.to_json()["stranded"] == {"mail": waiting}
        assert any(f"{waiting} detections wait for 'mail'" in text for text in said)
        both.sources["mail"].available = True
        with both.open() as context:
            score(context, "mail")
            assert show_status(context)[0].stranded == {}
        assert len(both.sources["mail"].detections) >= waiting > 1

    def test_are_all_delivered_to_again(self, both: Several) -> None:
        with both.open() as context:
            pushed = score(context, "mail").delivered.written
            both.sources["mail"].detections.clear()
            again = redeliver(context, "mail")
        assert again.reopened == pushed
        assert again.delivered.written == again.delivered.duplicates == pushed // 2

    def test_are_asked_about_their_own_incidents(self, both: Several) -> None:
        both.sources["mail"].records.append(Incident("only-here", {"message": "please today"}))
        with both.open() as context:
            asked = request_labels(context, "mail", limit=999)
        by_name = {
            name: [one.incident.uid for one in asked.wanted if one.connector == name]
            for name in BOTH
        }
        assert by_name["mail"] == both.sources["mail"].requested == ["only-here"]
        assert sorted(by_name["crowd"]) == sorted(both.sources["crowd"].requested)
        assert asked.requested == len(asked.wanted)
        assert asked.to_json()["wanted"][0]["connector"] in BOTH

    def test_judged_alike_again_are_new_verdicts(self, both: Several) -> None:
        """Another content under a judged id gets the verdict that the first one had."""
        first = both.sources["mail"].records[0]
        assert isinstance(first, Incident)
        with both.open() as context:
            assert show_status(context)[0].new_verdicts == 0
            both.sources["mail"].records.append(replace(first, fields={"message": "another mail"}))
            for _ in range(2):
                build_dataset(context, "mail")
                assert show_status(context)[0].new_verdicts == 1

    def test_second_keeps_what_the_first_read(self, both: Several) -> None:
        with both.open("crowd") as context:
            assert score(context, "mail").scored.scored == 100
        with both.open() as context:
            done = score(context, "mail")
        assert [done.by_source[name].pulled for name in BOTH] == [0, 100]


def unreachable_for(source: MemorySource) -> Callable[..., PushReceipt]:
    push = MemoryConnector.push

    def lost(self: MemoryConnector, detections: Sequence[Detection]) -> PushReceipt:
        if self._source is source:
            raise ConnectorUnavailableError("the server is gone")
        return push(self, detections)

    return lost
