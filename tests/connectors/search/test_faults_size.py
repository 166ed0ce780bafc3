"""What is too large, and a cluster that is too busy: engines of our own with little room.

They have a queue for two searches, and room for the bytes of one document of 90 MB at a time: while
such a one is under way, they refuse every other write with 429.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import Detection, PullWindow, Verdict
from sftsec_core.api.errors import ConnectorUnavailableError
from sftsec_core.testing.incidents import START, make_detections
from tests.connectors.search.engines import OwnEngine, events, overheard, own_engine, wait_until
from tests.connectors.search.sites import ids, pages

pytestmark = pytest.mark.slow
HUGE = 90 << 20  # a request may have 100 MB
LITTLE_ROOM: dict[str, str | int | bool] = {
    "indexing_pressure.memory.limit": f"{HUGE + 1000}b",
    "thread_pool.search.size": 1,
    "thread_pool.search.queue_size": 2,
    "search.keep_alive_interval": "1s",  # how often points in time are looked at; default 1m
}
OTHERWISE: dict[str, dict[str, str | int | bool]] = {
    "elastic": {},
    # It keeps each point in time so long at least; default 30s.
    "opensearch": {"point_in_time.init.keep_alive": "2s"},
}
MAPPINGS = {
    "dynamic": False,
    "properties": {
        "@timestamp": {"type": "date"},
        "message": {"type": "text"},
        "verdict": {"properties": {"word": {"type": "keyword"}}},
    },
}
CHILD = """\
import json, sys
from sftsec_core.bench.memory import peak_rss_mb
from sftsec_core.api.domain import PullWindow
from sftsec_elastic.config import ElasticConfig
from sftsec_elastic.connector import ElasticConnector
from sftsec_opensearch.config import OpenSearchConfig
from sftsec_opensearch.connector import OpenSearchConnector

vendor, options, window = json.loads(sys.argv[1])
config, connector = {
    "elastic": (ElasticConfig, ElasticConnector),
    "opensearch": (OpenSearchConfig, OpenSearchConnector),
}[vendor]
uids, rejected = [], []
for page in connector(config.model_validate(options)).pull(PullWindow(**window)):
    uids += [incident.uid for incident in page.incidents]
    rejected += [(each.where, each.reason) for each in page.rejected]
print(json.dumps([uids, rejected, peak_rss_mb()]))
"""


@pytest.fixture(scope="module", params=["elastic", "opensearch"])
def own(request: pytest.FixtureRequest) -> Iterator[OwnEngine]:
    """An engine with a document of 90 MB among small ones; its heap holds that several times."""
    with pytest.MonkeyPatch.context() as patch:
        jvm = "-Xms128m -Xmx1g -XX:TieredStopAtLevel=1"
        patch.setattr("tests.servers.engines.node._JVM", jvm)
        with own_engine(request.param, LITTLE_ROOM | OTHERWISE[request.param]) as own:
            own.site.make_index("mail", MAPPINGS, number_of_shards=1)
            own.site.plant("mail", events(50))
            huge = {"@timestamp": START.isoformat(), "attachment": "x" * HUGE}
            own.site.call("PUT", "/mail/_doc/huge?refresh=true", huge)
            own.site.connect("mail").close()
            yield own


def points(own: OwnEngine) -> int:
    """The points in time that the engine keeps, one a shard."""
    name = "open_contexts" if own.site.vendor == "elastic" else "point_in_time_current"
    nodes = own.site.call("GET", "/_nodes/stats/indices/search")["nodes"]
    return sum(int(each["indices"]["search"][name]) for each in nodes.values())


def in_a_child(
    own: OwnEngine, root: Path, **options: Any
) -> tuple[list[str], dict[str, str], float]:
    """Pull in a process of its own: the uids, what was rejected, and the peak memory in MiB."""
    given = own.site.options("mail", retry_timeout="30s", **options)
    told = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps([own.site.vendor, given, {}])],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    uids, rejected, peak = json.loads(told.stdout)
    return uids, dict(rejected), peak


def detection(own: OwnEngine, size: int, digest: str) -> Detection:
    uid = f"{size:020d}{digest:>20}"
    fields = {"process.command_line": "x" * size}
    return Detection(uid, "mail/huge", "made-up", digest, "spam", 0.9, 0.5, fields=fields)


def held(own: OwnEngine) -> int:
    """The bytes of the writes that are under way."""
    nodes = own.site.call("GET", "/_nodes/stats/indexing_pressure")["nodes"]
    kept = [each["indexing_pressure"]["memory"]["current"] for each in nodes.values()]
    return max(int(each["coordinating_in_bytes"]) for each in kept)


class TestExpiredPoint:
    def test_is_replaced_between_pages(self, own: OwnEngine) -> None:
        connector = own.site.connect("mail", page_size=10, keep_alive="1s", setup=False)
        window = PullWindow(fields=("message",))
        found = []
        with overheard("sftsec_search") as said:
            for number, page in enumerate(connector.pull(window)):
                found.append(page)
                if number == 1:
                    time.sleep(0.5)  # the next page is read meanwhile
                    wait_until(lambda: points(own) == 0)
        assert [line for line in said if "point in time is gone" in line]
        assert sorted(ids(found)) == sorted([*events(50), "huge"])


class TestHugeDocument:
    def test_is_rejected_in_bounded_memory(self, own: OwnEngine, root: Path) -> None:
        uids, rejected, peak = in_a_child(own, root, page_size=4)
        assert sorted(uids) == sorted(f"mail/{name}" for name in events(50))
        assert list(rejected) == ["mail/huge"]
        assert "larger than max_page_bytes" in rejected["mail/huge"]
        assert peak < 400

    def test_gives_the_fields_that_are_wanted(self, own: OwnEngine) -> None:
        window = PullWindow(fields=("message",))
        found = pages(own.site.connect("mail", setup=False), window)
        assert sorted(ids(found)) == sorted([*events(50), "huge"])

    def test_with_a_verdict_is_rejected_alone(self, own: OwnEngine) -> None:
        connector = own.site.connect("mail", verdicts_index="verdicts")
        verdict = Verdict("ham", "ann", START)
        own.site.plant("mail", {"fresh": {"@timestamp": START.isoformat(), "message": "fresh"}})
        connector.add_verdicts([("mail/huge", verdict), ("mail/fresh", verdict)])
        found = pages(connector, PullWindow(labelled=True))
        assert sorted(ids(found)) == sorted([*events(50), "fresh"])
        [rejection] = [each for page in found for each in page.rejected]
        assert rejection.where == "mail/huge"
        own.site.call("DELETE", "/mail/_doc/fresh?refresh=true")


class TestHugeDetection:
    @pytest.mark.parametrize("size", [HUGE // 2 + 1000, 51 << 20])
    def test_is_rejected_alone(self, own: OwnEngine, size: int) -> None:
        """Its fields are twice in the document: more than the room, more than a request."""
        others = make_detections(3, model_digest=f"{size:064d}")
        connector = own.site.connect("mail", setup=False, retry_timeout="20s")
        receipt = connector.push([others[0], detection(own, size, "a" * 20), *others[1:]])
        assert sorted(receipt.written) == sorted(each.uid for each in others)
        [(uid, reason)] = receipt.rejected
        assert uid.startswith("0")
        assert "larger than the cluster takes" in reason
        assert "xxx" not in reason


class TestBusyCluster:
    def test_takes_a_push_once_it_has_room(
        self,
        own: OwnEngine,
    ) -> None:
        """The room is taken by a write to an index that no node may hold: it waits for one."""
        nowhere = {"index.routing.allocation.require._name": "nowhere", "number_of_replicas": 0}
        own.site.call("PUT", "/stuck?wait_for_active_shards=0", {"settings": nowhere})
        connect = partial(own.site.connect, "mail", setup=False, bulk_size=50)
        detections = make_detections(200)
        with ThreadPoolExecutor(1) as writer, overheard("sftsec_core.sdk.retry") as said:
            waiting = {"text": "x" * HUGE}
            stuck = writer.submit(own.engine.call, "PUT", "/stuck/_doc/1?timeout=2s", waiting)
            wait_until(lambda: held(own) > HUGE)
            with pytest.raises(ConnectorUnavailableError, match="answers 429") as error:
                connect(retry_timeout="0s").push(detections)
            assert "\n" not in str(error.value)
            receipt = connect(retry_timeout="1m").push(detections)
            assert stuck.result()[0] == 503
        own.site.call("DELETE", "/stuck")
        assert [line for line in said if "answers 429" in line and "rejected_execution" in line]
        assert sorted(receipt.written) == sorted(each.uid for each in detections)
        sent = {each.uid for each in detections}
        there = [hit["_id"] for hit in own.site.documents(own.site.stream) if hit["_id"] in sent]
        assert sorted(there) == sorted(sent)

    def test_is_read_completely_all_the_same(self, own: OwnEngine) -> None:
        def pull(_number: int) -> list[str]:
            connector = own.site.connect("mail", page_size=10, setup=False, retry_timeout="1m")
            return ids(pages(connector, PullWindow(fields=("message",))))

        with ThreadPoolExecutor(5) as pullers, overheard("sftsec_core.sdk.retry") as said:
            found = list(pullers.map(pull, range(5)))
        assert [line for line in said if "answers 429" in line]
        assert [sorted(each) for each in found] == [sorted([*events(50), "huge"])] * 5
