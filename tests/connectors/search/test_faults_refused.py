"""What an engine refuses for good: one document, an index, a whole cluster, and what it is not."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import Detection, PullWindow
from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.scoring.delivery import DeliverySettings, deliver
from sftsec_core.sdk.errors import AccessError
from sftsec_core.store.store import Store
from sftsec_core.testing.incidents import make_detections
from tests.connectors.search.engines import events
from tests.connectors.search.sites import Site, ids, own_site, pages
from tests.servers.engines.server import SearchServer

SECRET = "hunter2-do-not-repeat"


def with_fields(detection: Detection, fields: Mapping[str, Any]) -> Detection:
    return replace(detection, fields=fields)


def written(site: Site) -> list[str]:
    return sorted(hit["_id"] for hit in site.documents(site.stream))


def one_line(error: pytest.ExceptionInfo[ConnectorError]) -> str:
    said = str(error.value)
    assert "\n" not in said
    return said


@contextmanager
def something_else(status: int, kind: str, body: bytes) -> Iterator[str]:
    """A web server that is no search engine: a proxy's page, Kibana, a router."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the base class looks it up by this name

        def log_message(self, format: str, *args: object) -> None:
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class TestRejectedDocument:
    @pytest.mark.parametrize(
        ("first", "second", "field"),
        [
            ({"process": {"name": "x"}}, {"process": SECRET}, "process"),
            ({"size": 7}, {"size": SECRET}, "size"),
            ({"address": "plain"}, {"address": {"street": SECRET}}, "address"),
        ],
    )
    def test_leaves_the_others_written(
        self, site: Site, first: Mapping[str, Any], second: Mapping[str, Any], field: str
    ) -> None:
        connector = site.connect("mail-*")
        good, spoiler, *others = make_detections(8)
        assert len(connector.push([with_fields(good, first)]).written) == 1
        receipt = connector.push([*others[:3], with_fields(spoiler, second), *others[3:]])
        assert sorted(receipt.written) == sorted(each.uid for each in others)
        [(uid, reason)] = receipt.rejected
        assert uid == spoiler.uid
        assert field in reason
        assert SECRET not in reason
        assert written(site) == sorted(each.uid for each in (good, *others))

    def test_goes_to_quarantine_in_a_delivery(self, site: Site, tmp_path: Path) -> None:
        connector = site.connect("mail-*")
        detections = make_detections(30)
        connector.push([with_fields(detections[0], {"size": 7})])
        spoilt = [*detections[:9], with_fields(detections[9], {"size": SECRET}), *detections[10:]]
        with Store.open(f"sqlite:///{tmp_path / 'sftsec.db'}", folder=tmp_path) as store:
            store.outbox.add("siem", spoilt)
            counts = deliver(store, connector, "siem", settings=DeliverySettings(batch=7))
            assert (counts.written, counts.duplicates, counts.rejected) == (28, 1, 1)
            assert counts.pending == 0
        assert len(written(site)) == 29

    def test_may_have_too_many_fields(self, site: Site) -> None:
        connector = site.connect("mail-*")
        good, spoiler, other = make_detections(3)
        many = {f"field{number}": number for number in range(1200)}
        receipt = connector.push([good, with_fields(spoiler, many), other])
        assert sorted(receipt.written) == sorted((good.uid, other.uid))
        [(uid, reason)] = receipt.rejected
        assert uid == spoiler.uid
        assert "exception" in reason


class TestBlockedIndex:
    @pytest.mark.parametrize("block", ["write", "read_only"])
    def test_is_told_from_missing_privileges(self, site: Site, block: str) -> None:
        connector = site.connect("mail-*")
        detections = make_detections(3)
        connector.push(detections[:1])
        [index] = {hit["_index"] for hit in site.documents(site.stream)}
        site.call("PUT", f"/{index}/_settings", {f"index.blocks.{block}": True})
        with pytest.raises(ConnectorError, match="it was blocked") as error:
            connector.push(detections)
        assert not isinstance(error.value, AccessError)
        assert "lift the block" in one_line(error)
        site.call("PUT", f"/{index}/_settings", {f"index.blocks.{block}": None})
        receipt = connector.push(detections)
        assert (len(receipt.written), len(receipt.duplicates)) == (2, 1)

    def test_is_named_by_pull_and_check(self, site: Site) -> None:
        index = site.name("mail")
        site.make_index(index)
        site.plant(index, events(3))
        connector = site.connect(index)
        site.call("PUT", f"/{index}/_settings", {"index.blocks.read": True})
        with pytest.raises(ConnectorError, match="lift the block") as error:
            pages(connector)
        assert not isinstance(error.value, AccessError)
        [problem] = connector.check()
        assert f"the source {index!r} cannot be searched" in problem


class TestFullDisk:
    def test_is_retried_and_then_named(self, site: Site) -> None:
        """The engine itself blocks an index so, with 429, when a disk passes its last watermark."""
        connector = site.connect("mail-*", retry_timeout="1s")
        detections = make_detections(5)
        connector.push(detections[:2])
        [index] = {hit["_index"] for hit in site.documents(site.stream)}
        site.call("PUT", f"/{index}/_settings", {"index.blocks.read_only_allow_delete": True})
        with pytest.raises(ConnectorUnavailableError, match=r"429.*its disk is full") as error:
            connector.push(detections)
        assert "\n" not in str(error.value)
        relieve = threading.Timer(
            0.5,
            lambda: site.call(
                "PUT", f"/{index}/_settings", {"index.blocks.read_only_allow_delete": None}
            ),
        )
        relieve.start()
        receipt = site.connect("mail-*", setup=False, retry_timeout="30s").push(detections)
        relieve.join()
        assert (len(receipt.written), len(receipt.duplicates)) == (3, 2)
        assert written(site) == sorted(each.uid for each in detections)


class TestRollover:
    @pytest.mark.parametrize("searchable", [True, False], ids=["refreshed", "not yet refreshed"])
    def test_makes_no_copies(self, site: Site, searchable: bool) -> None:
        connector = site.connect("mail-*")
        settings = {"index.refresh_interval": "-1"}  # no search sees what is written from now on
        site.call("PUT", f"/{site.stream}/_settings", settings)
        detections = make_detections(6)
        connector.push(detections[:3])
        if searchable:
            site.call("POST", f"/{site.stream}/_refresh")
        site.call("POST", f"/{site.stream}/_rollover")
        receipt = connector.push(detections)
        assert (len(receipt.written), len(receipt.duplicates)) == (3, 3)
        assert written(site) == sorted(each.uid for each in detections)


class TestWrongServer:
    @pytest.mark.parametrize(
        ("status", "kind", "body"),
        [
            (200, "text/html", b"<html>welcome</html>"),
            (404, "application/json", b'{"statusCode": 404, "error": "Not Found"}'),
            (200, "application/json", b'{"half": '),
            (404, "text/html", b"<html>not here</html>"),
            (302, "text/html", b"go there"),
        ],
    )
    def test_is_named_in_one_line(self, site: Site, status: int, kind: str, body: bytes) -> None:
        with something_else(status, kind, body) as url:
            connector = site.connect("mail", setup=False, url=url, ca_file=None, retry_timeout="0s")
            for call in (connector.check, lambda: pages(connector)):
                with pytest.raises(ConnectorError) as error:
                    call()
                said = one_line(error)
                assert "html" not in said

    def test_may_be_opensearch_for_elastic(self, opensearch_server: SearchServer) -> None:
        with own_site("elastic", opensearch_server) as site:
            connector = site.connect("mail", setup=False)
            with pytest.raises(ConnectorError, match="use `type: opensearch`") as error:
                connector.check()
            one_line(error)
            with pytest.raises(ConnectorError) as error:
                pages(connector)
            one_line(error)

    def test_may_be_elasticsearch_for_opensearch(
        self,
        elasticsearch_server: SearchServer,
    ) -> None:
        with own_site("opensearch", elasticsearch_server) as site:
            connector = site.connect("mail", setup=False)
            with pytest.raises(ConnectorError, match="use `type: elastic`") as error:
                connector.check()
            one_line(error)
            with pytest.raises(ConnectorError) as error:
                pages(connector)
            one_line(error)


class TestWrongClock:
    @pytest.mark.parametrize(("minutes", "way"), [(60, "ahead of"), (-60, "behind")])
    def test_is_named_with_a_remedy(self, site: Site, minutes: int, way: str) -> None:
        index = site.name("mail")
        site.make_index(index)
        skewed = datetime.now(UTC) + timedelta(minutes=minutes)
        [problem] = site.connect(index, clock=lambda: skewed).check()
        said = re.fullmatch(
            r"this machine's clock is (\d+) s (.*) the cluster's: set both by NTP.*", problem
        )
        assert said is not None
        assert said[2] == way
        assert abs(int(said[1]) - 3600) < 60

    def test_may_be_a_little_off(self, site: Site) -> None:
        index = site.name("mail")
        site.make_index(index)
        connector = site.connect(index, clock=lambda: datetime.now(UTC) + timedelta(seconds=10))
        assert list(connector.check()) == []

    @pytest.mark.parametrize("hours", [-2, 2])
    def test_loses_and_repeats_nothing(self, site: Site, hours: int) -> None:
        """Behind, events wait until it is right; ahead, `settle` holds none back; none is lost."""
        index = site.name("mail")
        site.make_index(index)
        now = datetime.now(UTC)
        recent = {
            f"event-{n}": {"@timestamp": (now - timedelta(minutes=10 * n + 5)).isoformat()}
            for n in range(20)
        }
        judged = {"judged": {"@timestamp": now.isoformat(), "verdict": {"word": "spam"}}}
        site.plant(index, {**recent, **judged})
        skewed = site.connect(index, setup=False, clock=lambda: now + timedelta(hours=hours))
        first = pages(skewed, PullWindow(labelled=False))
        assert ids(pages(skewed, PullWindow(labelled=True))) == ["judged"]
        cursor = first[-1].cursor if first else None
        right = site.connect(index, setup=False, clock=lambda: now)
        rest = pages(right, PullWindow(labelled=False), cursor)
        assert sorted([*ids(first), *ids(rest)]) == sorted(recent)
