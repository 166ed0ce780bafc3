"""What is no search engine, or another one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sftsec_core.api.errors import ConnectorError
from sftsec_core.sdk.errors import AccessError
from sftsec_search.client import to_error
from sftsec_search.errors import PitExpiredError
from tests.connectors.search.rejections import one_line
from tests.connectors.search.sites import Site, own_site, pages
from tests.servers.engines.server import SearchServer


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


class TestForbidden:
    def test_names_its_innermost_cause(self) -> None:
        """As a remote cluster refuses: the outer reason is only that something failed there."""
        reason = "action [indices:data/read/open_point_in_time] is unauthorized on indices [logs-*]"
        refused = {"type": "security_exception", "reason": f"{reason},\n this is granted by read"}
        outer = {"type": "remote_transport", "reason": "[far][10.0.0.9]", "caused_by": refused}
        body = {"error": {"type": "exception", "reason": "failed", "caused_by": outer}}
        error = to_error("Elasticsearch", 403, body)
        assert isinstance(error, AccessError)
        assert f"(caused by security_exception: {reason}, this is granted by read)" in str(error)
        assert "\n" not in str(error)

    def test_has_none_where_none_is_given(self) -> None:
        body = {"error": {"type": "security_exception", "reason": "no", "caused_by": "x"}}
        assert "caused by" not in str(to_error("Elasticsearch", 403, body))


def shards_failed(status: int, *reasons: tuple[str, str]) -> Exception:
    """The error of a search whose shards failed, one after the other."""
    failed = [
        {"shard": shard, "index": "mail", "reason": {"type": kind, "reason": reason}}
        for shard, (kind, reason) in enumerate(reasons)
    ]
    error = {"type": "search_phase_execution_exception", "reason": "Partial shards failure"}
    return to_error("OpenSearch", status, {"error": {**error, "failed_shards": failed}})


MISSES = ("search_context_missing_exception", "No search context found for id [7]")
OPENSEARCH_CLOSED = ("illegal_state_exception", "already closed, can't increment ref count")
ELASTIC_CLOSED = (
    "illegal_state_exception",
    "reader_context is already closed can't increment refCount current count [0]",
)


class TestPointThatEnds:
    """As both engines answer where it is closed while a search of its shards is under way."""

    @pytest.mark.parametrize("closed", [OPENSEARCH_CLOSED, ELASTIC_CLOSED])
    def test_under_a_search_is_gone(self, closed: tuple[str, str]) -> None:
        assert isinstance(shards_failed(404, MISSES, MISSES), PitExpiredError)
        assert isinstance(shards_failed(500, closed), PitExpiredError)
        assert isinstance(shards_failed(500, closed, MISSES), PitExpiredError)

    def test_is_told_from_another_fault(self) -> None:
        other = shards_failed(500, ("illegal_state_exception", "unexpected docvalues type NONE"))
        assert not isinstance(other, PitExpiredError)
        assert "answers 500" in str(other)
