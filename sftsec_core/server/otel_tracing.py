"""Spans by OpenTelemetry, sent to a collector over OTLP.

The SDK's own variables hold here too: OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS and others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from sftsec_core import __version__
from sftsec_core.server.tracing import Headers, Tracing

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.util.types import AttributeValue

_TRACE_HEADERS = frozenset({b"traceparent", b"tracestate"})
_SERVER_ERROR = 500
_TIMEOUT_S = 1.0  # of an export; it bounds how long a collector that is gone delays the end


class OtelTracing(Tracing):
    """Makes spans of requests, batches and calls of models."""

    def __init__(self, processor: SpanProcessor) -> None:
        """Take what is given each span when it ends."""
        # Of its own: the process's global provider belongs to what embeds this one.
        resource = Resource.create({"service.name": "sftsec", "service.version": __version__})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("sftsec_core.server", __version__)
        self._propagator = TraceContextTextMapPropagator()

    @classmethod
    def to(cls, url: str) -> OtelTracing:
        """Send spans to a collector's address, in the background."""
        return cls(BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=_TIMEOUT_S)))

    @contextmanager
    def request(self, name: str, headers: Headers) -> Iterator[Callable[[int], None]]:
        """See `Tracing`."""
        given = {key.decode(): value.decode("latin-1") for key, value in headers
                 if key in _TRACE_HEADERS}  # fmt: skip
        parent = self._propagator.extract(given)
        with self._span(name, {}, kind=SpanKind.SERVER, context=parent) as span:

            def end(status: int) -> None:
                span.set_attribute("http.response.status_code", status)
                if status >= _SERVER_ERROR:
                    span.set_status(Status(StatusCode.ERROR))

            yield end

    def link(self) -> SpanContext | None:
        """See `Tracing`."""
        found = trace.get_current_span().get_span_context()
        return found if found.is_valid else None

    @contextmanager
    def batch(self, task: str, links: Sequence[object | None], events: int) -> Iterator[None]:
        """See `Tracing`."""
        attributes: dict[str, AttributeValue] = {
            "sftsec.task": task,
            "sftsec.requests": len(links),
            "sftsec.events": events,
        }
        linked = [Link(each) for each in links if isinstance(each, SpanContext)]
        with self._span("score batch", attributes, links=linked):
            yield

    @contextmanager
    def model(self, digest: str, rows: int) -> Iterator[None]:
        """See `Tracing`."""
        with self._span("model", {"sftsec.model": digest, "sftsec.rows": rows}):
            yield

    def close(self) -> None:
        """See `Tracing`."""
        self._provider.shutdown()

    @contextmanager
    def _span(
        self,
        name: str,
        attributes: dict[str, AttributeValue],
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        context: Context | None = None,
        links: Sequence[Link] = (),
    ) -> Iterator[trace.Span]:
        """A span that says of an error its type alone: its words may repeat an event."""
        with self._tracer.start_as_current_span(
            name,
            context,
            kind,
            attributes,
            links,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise
