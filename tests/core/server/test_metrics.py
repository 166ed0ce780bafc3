"""The figures for Prometheus, read by its own parser, from the service and from the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sftsec_core.api.errors import StoreError
from sftsec_core.operations.add_token import add_token
from sftsec_core.operations.measure_state import StateFigures
from sftsec_core.server.endpoint import Endpoint
from sftsec_core.server.metrics import ServiceMetrics
from sftsec_core.store.figures import Figure
from tests.core.server.site import OTHER, TASK, TOKEN, Client, Site, running, wait_until
from tests.core.server.test_middleware import eventually

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(text: bytes) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(text.decode()):
        assert family.documentation
        assert family.type in {"counter", "gauge", "histogram"}
        for each in family.samples:
            key = (each.name, tuple(sorted(each.labels.items())))
            assert key not in found
            found[key] = each.value
    return found


def of(task: str) -> tuple[tuple[str, str], ...]:
    return (("task", task),)


class Store:
    """A store's figures that a test counts the reads of."""

    def __init__(self) -> None:
        self.reads = 0
        self.now = 0.0
        self.broken = False

    def measure(self) -> StateFigures:
        self.reads += 1
        if self.broken:
            raise StoreError("the disk is gone")
        drift = Figure(TASK, "input_drift", 0.25, datetime(2026, 1, 31, tzinfo=UTC))
        recall = Figure(TASK, "live_recall", 0.7, datetime(2026, 1, 31, tzinfo=UTC), 0.6, 0.8)
        return StateFigures({"running": 2}, {TASK: 3600.0}, {"siem": 7}, 1, 2, [drift, recall])

    def clock(self) -> float:
        return self.now


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def metrics(store: Store) -> ServiceMetrics:
    return ServiceMetrics([TASK], lambda: 3, store.measure, store.clock)


class TestServiceMetrics:
    def test_start_at_zero_for_each_task(self, metrics: ServiceMetrics) -> None:
        found = samples(metrics.text())
        for name in ("scored_events", "failed_events", "alerts"):
            assert found[f"sftsec_{name}_total", of(TASK)] == 0
        assert found["sftsec_score_seconds_count", of(TASK)] == 0
        assert found["sftsec_queue_requests", ()] == 3

    def test_give_the_figures_of_the_store(self, metrics: ServiceMetrics) -> None:
        found = samples(metrics.text())
        assert found["sftsec_store_readable", ()] == 1
        assert found["sftsec_runs", (("status", "running"),)] == 2
        assert found["sftsec_runs", (("status", "failed"),)] == 0
        assert found["sftsec_model_age_seconds", of(TASK)] == 3600
        assert found["sftsec_outbox_pending", (("connector", "siem"),)] == 7
        assert found["sftsec_gpu_leases", ()] == 1
        assert found["sftsec_failing_workers", ()] == 2
        assert found["sftsec_figure", (("name", "input_drift"), ("task", TASK))] == 0.25
        recall = (("name", "live_recall"), ("task", TASK))
        names = ("figure", "figure_low", "figure_high", "figure_measured_seconds")
        measured = datetime(2026, 1, 31, tzinfo=UTC).timestamp()
        assert [found[f"sftsec_{name}", recall] for name in names] == [0.7, 0.6, 0.8, measured]
        assert ("sftsec_figure_low", (("name", "input_drift"), ("task", TASK))) not in found

    def test_read_the_store_once_in_a_while(self, metrics: ServiceMetrics, store: Store) -> None:
        for now in (0.0, 4.9, 5.1, 6.0):
            store.now = now
            metrics.text()
        assert store.reads == 2

    def test_say_that_the_store_is_gone(self, metrics: ServiceMetrics, store: Store) -> None:
        store.broken = True
        found = samples(metrics.text())
        assert found["sftsec_store_readable", ()] == 0
        assert not any(name == "sftsec_runs" for name, _ in found)
        assert found["sftsec_queue_requests", ()] == 3

    def test_label_values_are_escaped(self, store: Store) -> None:
        odd = 'a"b\\c\nd'
        made = ServiceMetrics([odd], lambda: 0, store.measure, store.clock)
        made.count_scored(odd, 3, 2, 1)
        found = samples(made.text())
        assert found["sftsec_scored_events_total", of(odd)] == 3
        assert found["sftsec_alerts_total", of(odd)] == 1


@pytest.fixture
def viewer(site: Site) -> str:
    return add_token(site.context, "prometheus", roles=("viewer",)).token


class TestRoute:
    def test_counts_what_was_scored(self, site: Site, client: Client, viewer: str) -> None:
        reader = replace(client, token=viewer)
        before = samples(reader.get("/metrics").raw)
        reply = client.text("urgent prize click", "lunch meeting agenda", "")
        client.get("/no/such/path")
        assert eventually(
            lambda: (
                ("sftsec_http_requests_total", (("route", "(another path)"), ("status", "404")))
                in samples(reader.get("/metrics").raw)
            )
        )
        found = samples(reader.get("/metrics").raw)

        def grown(name: str) -> float:
            return found[name, of(TASK)] - before[name, of(TASK)]

        assert grown("sftsec_scored_events_total") == 2
        assert grown("sftsec_failed_events_total") == 1
        alerts = sum(each["detection"] for each in reply.results)
        assert alerts == grown("sftsec_alerts_total") == 1
        assert grown("sftsec_score_seconds_count") == 1
        assert grown("sftsec_score_seconds_sum") > 0
        assert found["sftsec_http_requests_total", (("route", "/v1/score"), ("status", "200"))] >= 1
        live = site.context.registry.live(TASK)
        assert live is not None
        age = (datetime.now(UTC) - live.created_at).total_seconds()
        assert found["sftsec_model_age_seconds", of(TASK)] == pytest.approx(age, abs=60)
        assert found["sftsec_outbox_pending", (("connector", "siem"),)] == 0

    def test_names_no_token_and_no_owner(self, client: Client, viewer: str) -> None:
        reply = replace(client, token=viewer).get("/metrics")
        assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
        for secret in (TOKEN, OTHER, viewer, "splunk", "soar"):
            assert secret not in reply.raw.decode()

    def test_needs_the_role_of_a_viewer(self, client: Client) -> None:
        assert client.get("/metrics").status == 403
        assert replace(client, token=None).get("/metrics").status == 401

    def test_may_be_open_to_all(self, tmp_path: Path) -> None:
        site = Site.live_model(tmp_path, metrics="open")
        with running(Endpoint(site.context, site.settings())) as client:
            wait_until(client, "/readyz", status="ready")
            reply = replace(client, token=None).get("/metrics")
            assert replace(client, token=None).get("/v1/tasks").status == 401
        assert samples(reply.raw)["sftsec_store_readable", ()] == 1
        site.context.close()
