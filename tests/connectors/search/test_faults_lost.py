"""The engine is killed in the middle of a pull and of a push: nothing is lost, nothing comes twice.

A crash costs an engine some ten seconds, so one crash serves several tests: a fixture lets a pull
and a push run into it, and each test looks at one side of what came of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

import pytest

from sftsec_core.api.domain import Detection, IncidentPage, PushReceipt
from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.scoring.delivery import DeliveryCounts, DeliverySettings, deliver
from sftsec_core.store.store import Store
from sftsec_core.testing.incidents import make_detections
from sftsec_search.connector import SearchConnector
from tests.connectors.search.engines import OwnEngine, events, overheard, own_engine, wait_until
from tests.connectors.search.sites import EVERYTHING, ids, pages

pytestmark = pytest.mark.slow
PLANTED = events(3000)
PUSHED = make_detections(3000)
DELIVERED = make_detections(3000, model_digest="1" * 64)
PAGE = 100


@pytest.fixture(scope="module", params=["elastic", "opensearch"])
def own(request: pytest.FixtureRequest) -> Iterator[OwnEngine]:
    with own_engine(request.param) as own:
        own.site.make_index("mail")
        own.site.plant("mail", PLANTED)
        own.site.connect("mail").close()
        yield own


@dataclass
class Outcome:
    """What came of pulls and pushes that met a crash.

    Attributes:
        waited: pages of a pull that waited for the engine.
        broken: pages of one that gave up, with `error`; `rest` came later from its last cursor.
        receipt: of a push that waited.
        deliveries: what came of a push through the outbox that gave up, and of the next one.
        kept: the uids that the data stream has, copies too.
        said: what the connectors said meanwhile.
        asked: what further connectors were told that asked all the while.
    """

    waited: list[IncidentPage] = field(default_factory=list)
    broken: list[IncidentPage] = field(default_factory=list)
    error: str = ""
    rest: list[IncidentPage] = field(default_factory=list)
    receipt: PushReceipt = field(default_factory=PushReceipt)
    deliveries: list[DeliveryCounts] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    asked: list[ConnectorError] = field(default_factory=list)


def of_the_cluster(own: OwnEngine, patch: pytest.MonkeyPatch, kind: str) -> dict[str, Any]:
    """What a configuration says to log in with a key, or as a user, that the cluster keeps.

    Elasticsearch has both in an index: for a moment after it came back it cannot read that, and
    refuses what is right.
    """
    if own.site.vendor == "opensearch":
        return {}
    secret = f"SFTSEC_TEST_{kind.upper()}"
    if kind == "key":
        patch.setenv(secret, own.site.call("POST", "/_security/api_key", {"name": "k"})["encoded"])
        return {"api_key": f"env:{secret}", "username": None, "password": None}
    patch.setenv(secret, "Correct-horse-7")
    user = {"password": "Correct-horse-7", "roles": ["superuser"]}
    own.site.call("PUT", "/_security/user/native", user)
    return {"username": "native", "password": f"env:{secret}"}


def written(own: OwnEngine, detections: Sequence[Detection]) -> list[str]:
    """Which of these the data stream has, by the uid in the document: a copy counts twice."""
    sent = {each.uid for each in detections}
    uids = [hit["_source"]["event"]["id"] for hit in own.site.documents(own.site.stream)]
    return [uid for uid in uids if uid in sent]


def count(own: OwnEngine, like: Detection) -> int:
    """How many detections of the same model the data stream has."""
    own.site.call("POST", f"/{own.site.stream}/_refresh")
    query = {"size": 0, "query": {"term": {"sftsec.model.digest": like.model_digest}}}
    found = own.site.call("POST", f"/{own.site.stream}/_search", query)
    return int(found["hits"]["total"]["value"])


def ask_until(
    done: Callable[[], bool], connectors: Sequence[SearchConnector]
) -> list[ConnectorError]:
    """Ask again and again; return the errors."""
    errors = []
    while not done():
        for connector in connectors:
            try:
                connector.check()
            except ConnectorError as error:
                errors.append(error)
        time.sleep(0.05)
    return errors


@pytest.fixture(scope="module")
def crash(own: OwnEngine, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The engine crashes and comes back: some connectors wait for that, others give up."""
    outcome, folder = Outcome(), tmp_path_factory.mktemp("state")
    connect = partial(own.site.connect, "mail", page_size=PAGE, bulk_size=10)
    settings = DeliverySettings(batch=500)
    with (
        pytest.MonkeyPatch.context() as patch,
        ThreadPoolExecutor(3) as workers,
        Store.open(f"sqlite:///{folder / 'sftsec.db'}", folder=folder, actor="tester") as store,
        overheard("sftsec_core.sdk.retry") as outcome.said,
    ):
        reader, writer = (
            connect(retry_timeout="2m", **of_the_cluster(own, patch, kind))
            for kind in ("key", "user")
        )
        store.outbox.add("siem", DELIVERED)
        waiting, giving_up = reader.pull(EVERYTHING), connect(retry_timeout="1s").pull(EVERYTHING)
        outcome.waited += islice(waiting, 4)
        outcome.broken += islice(giving_up, 4)
        pushing = workers.submit(writer.push, PUSHED)
        delivering = workers.submit(
            deliver, store, connect(retry_timeout="1s"), "siem", settings=settings
        )
        wait_until(lambda: min(count(own, each[0]) for each in (PUSHED, DELIVERED)) > 50)
        assert not pushing.done(), "the push is over before the crash"
        assert not delivering.done(), "the delivery is over before the crash"
        back = own.crash()
        asking = workers.submit(ask_until, back.done, [reader, writer])
        try:
            for page in giving_up:
                outcome.broken.append(page)
        except ConnectorUnavailableError as error:
            outcome.error = str(error)
        outcome.waited += waiting
        outcome.receipt = pushing.result()
        outcome.asked = asking.result()
        back.result()
        outcome.rest = pages(connect(), cursor=outcome.broken[-1].cursor)
        outcome.deliveries = [
            delivering.result(),
            deliver(store, connect(), "siem", settings=settings),
        ]
    outcome.kept = written(own, [*PUSHED, *DELIVERED])
    return outcome


class TestCrash:
    def test_is_survived_by_a_patient_pull(self, crash: Outcome) -> None:
        assert [line for line in crash.said if "does not answer" in line]
        assert sorted(ids(crash.waited)) == sorted(PLANTED)

    def test_ends_an_impatient_pull_in_one_line(self, crash: Outcome) -> None:
        assert "does not answer" in crash.error
        assert "\n" not in crash.error

    def test_leaves_the_rest_to_the_next_pull(self, crash: Outcome) -> None:
        assert sorted(ids([*crash.broken, *crash.rest])) == sorted(PLANTED)

    def test_is_survived_by_a_push(self, crash: Outcome) -> None:
        """What was written before the crash, without a receipt, is a duplicate."""
        receipt = crash.receipt
        assert sorted([*receipt.written, *receipt.duplicates]) == sorted(
            each.uid for each in PUSHED
        )
        assert receipt.rejected == ()

    def test_leaves_the_rest_to_the_next_delivery(self, crash: Outcome) -> None:
        first, second = crash.deliveries
        assert first.unavailable is not None
        assert 0 < first.pending <= len(DELIVERED)
        assert (second.unavailable, second.pending, second.rejected) == (None, 0, 0)
        assert first.delivered() + second.delivered() == len(DELIVERED)

    def test_duplicates_no_detection(self, crash: Outcome) -> None:
        assert sorted(crash.kept) == sorted(each.uid for each in (*PUSHED, *DELIVERED))

    def test_does_not_make_credentials_wrong(self, crash: Outcome) -> None:
        assert {type(error) for error in crash.asked} == {ConnectorUnavailableError}


class TestHang:
    def test_is_retried_without_copies(
        self,
        own: OwnEngine,
    ) -> None:
        """It takes a request, answers too late for us to hear, and has written nevertheless."""
        detections = make_detections(2000, model_digest="2" * 64)
        connector = own.site.connect(
            "mail", page_size=PAGE, bulk_size=20, timeout="1s", retry_timeout="1m", setup=False
        )
        found = []
        with ThreadPoolExecutor(1) as pusher, overheard("sftsec_core.sdk.retry") as said:
            for number, page in enumerate(connector.pull(EVERYTHING)):
                found.append(page)
                if number == 3:
                    pushing = pusher.submit(connector.push, detections)
                    wait_until(lambda: count(own, detections[0]) > 50)
                    with own.hanging():
                        time.sleep(1.5)
            receipt = pushing.result()
        assert [line for line in said if "does not answer" in line and "Timeout" in line]
        assert sorted(ids(found)) == sorted(PLANTED)
        sent = sorted(each.uid for each in detections)
        assert sorted([*receipt.written, *receipt.duplicates]) == sent
        assert sorted(written(own, detections)) == sent


class TestLostTemplate:
    def test_stops_writes_and_names_setup(self, own: OwnEngine) -> None:
        """No plain index of the data stream's name is made: no rule would look into it."""
        own.site.call("DELETE", f"/_data_stream/{own.site.stream}")
        own.site.call("DELETE", "/_index_template/sftsec-detections")
        connector = own.site.connect("mail", setup=False)
        problem = f"the data stream {own.site.stream} is not there: run `sftsec connector setup`"
        assert problem in connector.check()
        with pytest.raises(ConnectorError, match="run `sftsec connector setup`") as error:
            connector.push(make_detections(3))
        assert "\n" not in str(error.value)
        for path in (f"/{own.site.stream}", f"/_data_stream/{own.site.stream}"):
            assert own.engine.call("GET", path)[0] == 404
        connector.setup()
        assert len(connector.push(make_detections(3)).written) == 3
        assert list(connector.check()) == []
