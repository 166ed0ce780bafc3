"""Spans of a request, its batch and its model, in the trace of the caller."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from sftsec_core.api.errors import ConfigError
from sftsec_core.server.endpoint import Endpoint
from sftsec_core.server.otel_tracing import OtelTracing
from tests.core.server.site import TASK, TOKEN, Client, Site, running, wait_until
from tests.core.server.test_middleware import SECRET, eventually

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
COLLECTOR = "http://127.0.0.1:1/v1/traces"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter: InMemorySpanExporter) -> OtelTracing:
    return OtelTracing(SimpleSpanProcessor(exporter))


@pytest.fixture
def client(site: Site, tracing: OtelTracing, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setattr(OtelTracing, "to", lambda _url: tracing)
    with running(Endpoint(site.context, site.settings(traces=COLLECTOR))) as made:
        wait_until(made, "/readyz", status="ready")
        yield made


def spans(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


class TestOtelTracing:
    def test_follows_a_request_to_the_model(
        self, site: Site, client: Client, exporter: InMemorySpanExporter
    ) -> None:
        exporter.clear()
        body = b'{"task": "mail", "events": [{"fields": {"message": "%b"}}, {"fields": {}}]}'
        reply = client.call("POST", "/v1/score", body % SECRET.encode(), traceparent=PARENT)
        assert reply.status == 200
        assert eventually(lambda: len(exporter.get_finished_spans()) == 3)
        found = spans(exporter)
        request, batch, model = found["POST /v1/score"], found["score batch"], found["model"]
        assert format(request.context.trace_id, "032x") == TRACE
        assert dict(request.attributes or {}) == {"http.response.status_code": 200}
        assert [link.context.span_id for link in batch.links] == [request.context.span_id]
        assert dict(batch.attributes or {}) == {
            "sftsec.task": TASK, "sftsec.requests": 1, "sftsec.events": 2,
        }  # fmt: skip
        assert model.parent is not None
        assert model.parent.span_id == batch.context.span_id
        live = site.context.registry.live(TASK)
        assert live is not None
        assert dict(model.attributes or {}) == {"sftsec.model": live.digest, "sftsec.rows": 1}

    def test_holds_no_text_and_no_token(
        self, client: Client, exporter: InMemorySpanExporter
    ) -> None:
        client.text(SECRET)
        client.get("/" + SECRET)
        client.get("/v1/tasks?q=" + SECRET)
        client.call(SECRET, "/v1/score")
        names = {"POST /v1/score", "GET (another path)", "GET /v1/tasks"}
        assert eventually(lambda: names <= set(spans(exporter)))
        told = "".join(span.to_json() for span in exporter.get_finished_spans())
        for secret in (SECRET, TOKEN, "splunk"):
            assert secret not in told

    def test_health_is_no_span(self, client: Client, exporter: InMemorySpanExporter) -> None:
        exporter.clear()
        assert client.get("/healthz").status == 200
        assert exporter.get_finished_spans() == ()

    def test_an_error_has_its_type_alone(
        self, tracing: OtelTracing, exporter: InMemorySpanExporter
    ) -> None:
        with pytest.raises(ValueError, match=SECRET), tracing.batch("mail", [None], 1):
            raise ValueError(SECRET)
        (span,) = exporter.get_finished_spans()
        assert (span.status.status_code, span.status.description) == (
            StatusCode.ERROR,
            "ValueError",
        )
        assert SECRET not in span.to_json()
        with tracing.request("GET /v1/tasks", []) as end:
            end(503)
        assert exporter.get_finished_spans()[-1].status.status_code is StatusCode.ERROR


class TestSettings:
    def test_without_the_library_name_the_extra(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "sftsec_core.server.otel_tracing", None)
        with pytest.raises(ConfigError, match=r"serve\.traces: it needs .*sftsec\[otel\]"):
            Endpoint(site.context, site.settings(traces=COLLECTOR))

    def test_a_collector_that_is_gone_stops_nothing(self, site: Site) -> None:
        with running(Endpoint(site.context, site.settings(traces=COLLECTOR))) as client:
            wait_until(client, "/readyz", status="ready")
            assert client.text("click").status == 200

    @pytest.mark.parametrize("url", ["localhost:4318", "http://user:password@host/", "ftp://x"])
    def test_take_an_address_without_a_password(self, site: Site, url: str) -> None:
        with pytest.raises(ConfigError, match="traces"):
            site.settings(traces=url)
