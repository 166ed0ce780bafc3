"""What `GET /metrics` gives, in Prometheus' text format: counts of this process, and of the store.

The labels take few values: tasks and connectors of sftsec.yaml, our own routes, HTTP statuses. No
text of an event and no token's owner is one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sftsec_core.api.errors import SftsecError

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from sftsec_core.operations.measure_state import StateFigures
    from sftsec_core.store.figures import Figure

_Labelled = Mapping[tuple[str, ...], float]
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# From a cached read to a batch of long texts on a CPU.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_MAX_AGE_S = 5.0
STATUSES = (
    "queued", "running", "interrupted", "succeeded", "refused", "failed", "cancelled",
)  # fmt: skip


class ServiceMetrics:
    """The counters of this process, with the store's figures beside them."""

    def __init__(
        self,
        tasks: list[str],
        queued: Callable[[], int],
        measure: Callable[[], StateFigures],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start at zero, in a registry of their own.

        Args:
            tasks: that are served.
            queued: how many requests are in hand.
            measure: reads the store; a scrape within 5 seconds of the last one gets the same.
            clock: seconds; only their differences count.
        """
        self._registry = CollectorRegistry()
        self._scored = self._counter("scored_events", "Events that were scored.", "task")
        self._failed = self._counter("failed_events", "Events that have an error.", "task")
        self._alerts = self._counter("alerts", "Events that raise an alert.", "task")
        self._requests = self._counter("http_requests", "Responses.", "route", "status")
        self._seconds = Histogram(
            "sftsec_score_seconds",
            "From a request's arrival in the queue to its response.",
            ["task"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        queue = Gauge("sftsec_queue_requests", "Requests in hand.", registry=self._registry)
        queue.set_function(queued)
        for task in tasks:
            for each in (self._scored, self._failed, self._alerts, self._seconds):
                each.labels(task)
        self._registry.register(_StateCollector(measure, clock))

    def count_scored(self, task: str, scored: int, failed: int, alerts: int) -> None:
        """Count the events of a request."""
        self._scored.labels(task).inc(scored)
        self._failed.labels(task).inc(failed)
        self._alerts.labels(task).inc(alerts)

    def time_scored(self, task: str, seconds: float) -> None:
        """Take the time that a request took."""
        self._seconds.labels(task).observe(seconds)

    def count_response(self, route: str, status: int) -> None:
        """Count a response; the route is one of ours, or one word for all others."""
        self._requests.labels(route, str(status)).inc()

    def text(self) -> bytes:
        """All of it; it may block for as long as the store does."""
        return generate_latest(self._registry)

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(f"sftsec_{name}", help_text, labels, registry=self._registry)


class _StateCollector(Collector):
    """Reads the store when it is scraped, and not again for a while."""

    def __init__(self, measure: Callable[[], StateFigures], clock: Callable[[], float]) -> None:
        self._measure = measure
        self._clock = clock
        self._lock = threading.Lock()
        self._until: float | None = None
        self._figures: StateFigures | None = None

    def describe(self) -> Iterator[Metric]:
        """Nothing: to be registered it need not read the store."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """The store's figures; where it cannot be read, that alone."""
        found = self._current()
        yield _gauge("store_readable", "Whether the store can be read.", float(found is not None))
        if found is None:
            return
        runs = dict.fromkeys(STATUSES, 0) | dict(found.runs)
        yield _gauges("runs", "Runs.", ("status",), {(name,): n for name, n in runs.items()})
        ages: _Labelled = {(task,): age for task, age in found.model_ages_s.items()}
        yield _gauges("model_age_seconds", "Since the live model was made.", ("task",), ages)
        pending: _Labelled = {(name,): n for name, n in found.outbox_pending.items()}
        yield _gauges("outbox_pending", "Detections that wait.", ("connector",), pending)
        yield _gauge("gpu_leases", "Leases of GPUs that are open.", found.gpu_leases)
        failing, what = found.failing_workers, "Workers that do not queue all that is due."
        yield _gauge("failing_workers", what, failing)
        yield from _watched(found.figures)

    def _current(self) -> StateFigures | None:
        with self._lock:
            if self._until is None or self._clock() >= self._until:
                try:
                    self._figures = self._measure()
                except SftsecError:
                    self._figures = None
                self._until = self._clock() + _MAX_AGE_S
            return self._figures


def _watched(figures: Sequence[Figure]) -> Iterator[Metric]:
    """The newest of each figure, with its interval where it has one, and when it was measured."""
    told: tuple[tuple[str, str, Callable[[Figure], float | None]], ...] = (
        ("figure", "The newest of each that is watched.", lambda each: each.value),
        ("figure_low", "The lower end of its interval, 95%.", lambda each: each.low),
        ("figure_high", "The upper end of its interval.", lambda each: each.high),
        ("figure_measured_seconds", "When, since 1970.", lambda each: each.at.timestamp()),
    )
    for name, text, read in told:
        values = {(each.task, each.name): read(each) for each in figures}
        known: _Labelled = {key: value for key, value in values.items() if value is not None}
        yield _gauges(name, text, ("task", "name"), known)


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"sftsec_{name}", help_text, value)


def _gauges(name: str, help_text: str, labels: tuple[str, ...], values: _Labelled) -> Metric:
    family = GaugeMetricFamily(f"sftsec_{name}", help_text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family
