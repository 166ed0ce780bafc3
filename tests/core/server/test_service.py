"""The service through HTTP: full queues, clients that leave, models that are replaced."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from sftsec_core.server.endpoint import Endpoint
from tests.core.server.gated import GatedModel, GatedPlugin
from tests.core.server.site import (
    OTHER,
    PATIENCE_S,
    TASK,
    TOKEN,
    Client,
    Reply,
    Site,
    running,
    wait_until,
)
from tests.core.server.test_middleware import eventually

QUEUE = 2
TEXTS = ("please verify your account", "lunch with the team", "urgent prize click today")


@pytest.fixture
def model() -> GatedModel:
    return GatedModel()


@pytest.fixture
def gated(tmp_path: Path, model: GatedModel) -> Iterator[Site]:
    site = Site.make(tmp_path, GatedPlugin(model), suppress=["maintenance"])
    registry = site.context.registry
    site.promote(registry.register(model, site.serving("gated"), {}, run_id="run-1"))
    yield site
    site.context.close()


@pytest.fixture
def endpoint(gated: Site) -> Endpoint:
    return Endpoint(gated.context, gated.settings(queue=QUEUE + 1))


@pytest.fixture
def client(endpoint: Endpoint) -> Iterator[Client]:
    with running(endpoint) as made:
        wait_until(made, "/readyz", status="ready")
        yield made


@pytest.fixture
def callers(model: GatedModel) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool
        for _ in range(20):
            model.gate.release()


def fill(client: Client, callers: ThreadPoolExecutor, model: GatedModel) -> list[Future[Reply]]:
    """Send requests until one is rejected; return the accepted ones."""
    sent = [callers.submit(client.text, "wait")]
    assert model.entered.acquire(timeout=PATIENCE_S)
    while not refused(more := callers.submit(client.text, "wait too")):
        sent.append(more)
    return sent


def refused(sent: Future[Reply]) -> bool:
    """Whether a request was rejected; an accepted one does not return."""
    try:
        return sent.result(1).status == 503
    except TimeoutError:
        return False


def wait_until_closed(client: Client) -> None:
    pause = threading.Event()
    for _ in range(PATIENCE_S * 20):
        try:
            client.get("/healthz")
        except ConnectionError:
            return
        pause.wait(0.05)
    raise AssertionError("it goes on listening")


class Caller:
    """Sends the same batch again and again, from a thread of its own."""

    def __init__(self, client: Client) -> None:
        self.replies: list[Reply] = []
        self._client = client
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.replies.append(self._client.text(*TEXTS))

    def __enter__(self) -> Caller:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join(30)


def info(digest: str) -> dict[str, Any]:
    return {"digest": digest, "recipe": "linear"}


class TestQueue:
    def test_full_queue_asks_for_later_retry(
        self, client: Client, callers: ThreadPoolExecutor, model: GatedModel
    ) -> None:
        fill(client, callers, model)
        reply = client.text("one too many")
        assert (reply.status, reply.headers["retry-after"]) == (503, "1")
        assert f"{QUEUE + 1} requests are waiting" in reply.detail
        assert (client.get("/healthz").status, client.get("/v1/tasks").status) == (200, 200)

    def test_one_token_takes_not_every_place(
        self, gated: Site, callers: ThreadPoolExecutor, model: GatedModel
    ) -> None:
        settings = gated.settings(queue=QUEUE + 1, max_requests_per_token=1)
        with running(Endpoint(gated.context, settings)) as client:
            wait_until(client, "/readyz", status="ready")
            first = callers.submit(client.text, "wait")
            assert model.entered.acquire(timeout=PATIENCE_S)
            reply = client.text("one too many")
            assert (reply.status, reply.headers["retry-after"]) == (429, "1")
            assert "1 requests with this token are waiting" in reply.detail
            other = callers.submit(replace(client, token=OTHER).text, "another client")
            for _ in range(2):
                model.gate.release()
            assert (first.result(PATIENCE_S).status, other.result(PATIENCE_S).status) == (200, 200)
            model.gate.release()
            assert client.text("again").status == 200

    def test_waiting_requests_are_scored_together(
        self, client: Client, callers: ThreadPoolExecutor, model: GatedModel
    ) -> None:
        sent = fill(client, callers, model)
        for _ in range(2):
            model.gate.release()
        assert [each.result(PATIENCE_S).status for each in sent] == [200] * (QUEUE + 1)
        assert model.asked.count("wait too") == 1  # equal texts of two requests, scored once
        assert model.most == 1

    def test_full_queue_is_said_before_the_body(
        self, client: Client, callers: ThreadPoolExecutor, model: GatedModel
    ) -> None:
        fill(client, callers, model)
        place = urlsplit(client.url)
        head = (
            f"POST /v1/score HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
            "Content-Length: 1000000\r\n\r\n"
        )
        with socket.create_connection((place.hostname, place.port), timeout=PATIENCE_S) as sent:
            sent.sendall(head.encode())
            assert sent.recv(1000).startswith(b"HTTP/1.1 503 ")

    def test_a_closed_connection_leaves_the_queue_unscored(
        self, client: Client, callers: ThreadPoolExecutor, model: GatedModel
    ) -> None:
        first = callers.submit(client.text, "wait")
        assert model.entered.acquire(timeout=PATIENCE_S)
        place = urlsplit(client.url)
        body = orjson.dumps({"task": TASK, "events": [{"fields": {"message": "nobody waits"}}]})
        head = (
            f"POST /v1/score HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        for _ in range(3 * QUEUE):
            # More than may wait at once: each must have left the queue.
            with socket.create_connection((place.hostname, place.port), timeout=PATIENCE_S) as gone:
                gone.sendall(head.encode() + body)
                assert client.get("/healthz").status == 200
        # The queue has room again: an accepted request waits after the first one.
        while refused(last := callers.submit(client.text, "last")):
            pass
        model.gate.release()
        assert (first.result(PATIENCE_S).status, last.result(PATIENCE_S).status) == (200, 200)
        assert "nobody waits" not in model.asked

    def test_a_stop_finishes_accepted_requests(
        self, endpoint: Endpoint, callers: ThreadPoolExecutor, model: GatedModel
    ) -> None:
        with running(endpoint) as client:
            wait_until(client, "/readyz", status="ready")
            sent = fill(client, callers, model)
            endpoint.stop()
            ready = client.get("/readyz")
            assert eventually(lambda: client.text("late").headers.get("connection") == "close")
            refused = client.text("too late")
            alive = client.get("/healthz")
            assert not any(each.done() for each in sent)
            for _ in sent:
                model.gate.release()
            assert [each.result(PATIENCE_S).status for each in sent] == [200] * (QUEUE + 1)
            wait_until_closed(client)
        assert (ready.status, ready.json["status"], alive.status) == (503, "draining", 200)
        assert (refused.status, refused.headers["connection"]) == (503, "close")
        assert "is stopping" in refused.detail

    def test_a_stop_does_not_wait_forever(
        self, gated: Site, callers: ThreadPoolExecutor, model: GatedModel
    ) -> None:
        endpoint = Endpoint(gated.context, gated.settings(drain="200ms"))
        with running(endpoint) as client:
            wait_until(client, "/readyz", status="ready")
            callers.submit(client.text, "wait")
            assert model.entered.acquire(timeout=PATIENCE_S)
            endpoint.stop()
            wait_until_closed(client)
            model.gate.release()


class TestRates:
    def test_bound_the_requests_of_a_token(self, own_site: Site) -> None:
        with running(Endpoint(own_site.context, own_site.settings(rate="3/h"))) as client:
            assert [client.get("/v1/tasks").status for _ in range(4)] == [200, 200, 200, 429]
            reply = client.text("click")
            assert replace(client, token=OTHER).get("/v1/tasks").status == 200
            assert client.get("/healthz").status == 200
        assert 1000 < int(reply.headers["retry-after"]) <= 1200
        assert "more than 3/h requests with this token" in reply.detail

    def test_bound_the_events_of_a_token(self, own_site: Site) -> None:
        own_site.promote(own_site.register())
        settings = own_site.settings(event_rate="2/h")
        with running(Endpoint(own_site.context, settings)) as client:
            wait_until(client, "/readyz", status="ready")
            assert client.text("a", "b", "c").status == 200
            reply = client.text("d")
            assert replace(client, token=OTHER).text("d").status == 200
        assert (reply.status, "more than 2/h events" in reply.detail) == (429, True)


class TestSuppression:
    def test_a_suppressed_detection_has_its_reason(self, client: Client) -> None:
        given = [{"fields": {"message": "x", "host.name": f"host-{number}"}} for number in (0, 1)]
        kept, raised = client.score(given).results
        assert (kept["label"], kept["detection"]) == ("malicious", False)
        assert kept["reason"] == "suppressed: maintenance"
        assert (raised["detection"], raised["reason"]) == (True, None)


@pytest.mark.usefixtures("_refresh_often")
class TestModels:
    def test_promotion_and_rollback_fail_no_request(self, own_site: Site) -> None:
        first, second = own_site.register(0), own_site.register(1, threshold=0.25)
        own_site.promote(first)
        with running(Endpoint(own_site.context, own_site.settings())) as client:
            wait_until(client, "/v1/tasks", model=info(first.digest))
            with Caller(client) as caller:
                own_site.promote(second)
                wait_until(client, "/v1/tasks", model=info(second.digest))
                right = {second.digest: client.text(*TEXTS).json}
                own_site.context.registry.rollback(TASK, "test", "worse")
                wait_until(client, "/v1/tasks", model=info(first.digest))
                right[first.digest] = client.text(*TEXTS).json
        assert right[first.digest]["results"] != right[second.digest]["results"]
        assert {reply.status for reply in caller.replies} == {200}
        answers = [reply.json for reply in caller.replies]
        # Each answer is whole: the results, threshold and name of one model.
        assert all(answer == right[answer["model"]["digest"]] for answer in answers)
        assert {answer["model"]["digest"] for answer in answers} == {first.digest, second.digest}

    def test_damaged_model_is_reported_while_old_serves(self, own_site: Site) -> None:
        good, bad = own_site.register(0), own_site.register(1)
        own_site.promote(good)
        with running(Endpoint(own_site.context, own_site.settings())) as client:
            wait_until(client, "/readyz", status="ready")
            own_site.damage(bad)
            own_site.point(bad)
            ready = wait_until(client, "/readyz", errors=1)
            task = client.get("/v1/tasks").json["tasks"][0]
            answer = client.text("click").json
        assert ready.status == 200
        assert (task["status"], task["model"]) == ("ready", info(good.digest))
        assert f"model {bad.digest[:12]} cannot be loaded" in task["error"]
        assert answer["model"] == info(good.digest)

    def test_a_damaged_first_model_is_not_ready(self, own_site: Site) -> None:
        bad = own_site.register(1)
        with running(Endpoint(own_site.context, own_site.settings())) as client:
            assert wait_until(client, "/readyz", status="none").status == 503
            own_site.damage(bad)
            own_site.point(bad)
            assert wait_until(client, "/readyz", status="failed").status == 503
            refused = client.text("click")
            own_site.promote(own_site.register(0))
            assert wait_until(client, "/readyz", status="ready").status == 200
            assert client.text("click").status == 200
        assert (refused.status, refused.headers["retry-after"]) == (503, "5")
        assert "GET /v1/tasks gives the cause" in refused.detail

    def test_before_the_first_refresh_nothing_is_ready(
        self, own_site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sftsec_core.server.model_cache.ModelCache.refresh", lambda _self: None)
        with running(Endpoint(own_site.context, own_site.settings())) as client:
            refused = client.text("click")
            ready = client.get("/readyz")
            assert client.get("/healthz").json == {"status": "alive"}
        assert (refused.status, refused.headers["retry-after"]) == (503, "5")
        assert "is being loaded" in refused.detail
        assert (ready.status, ready.json["status"]) == (503, "loading")
