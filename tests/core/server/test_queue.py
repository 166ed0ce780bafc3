"""One call to a model at a time, a queue that has an end, and a stop that waits for what runs."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import orjson
import pytest
from numpy.typing import NDArray

from sftsec_core.api.contracts import EmptyConfig, RecipeSpec, SuppressorSpec
from sftsec_core.api.domain import Detection, Suppression
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.recipes.specs import LINEAR
from sftsec_core.server.endpoint import Endpoint
from sftsec_core.server.worker import QueueFullError, Worker
from tests.core.server.site import (
    LABELS,
    PATIENCE_S,
    TASK,
    TOKEN,
    Client,
    Reply,
    Site,
    running,
    wait_until,
)

QUEUE = 2


class GatedModel:
    """Answers a text with "wait" in it when the gate is opened."""

    labels = LABELS

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.gate = threading.Semaphore(0)
        self.asked: list[str] = []
        self.inside = 0
        self.most = 0

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        self.asked += texts
        if any("wait" in text for text in texts):
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.entered.release()
            assert self.gate.acquire(timeout=PATIENCE_S)
            self.inside -= 1
        return np.tile([0.2, 0.8], (len(texts), 1))

    def save(self, folder: Path) -> None:
        (folder / "gate.json").write_text("{}")


class Plugin:
    """Offers the gated model; keeps one host's detections back."""

    def __init__(self, model: GatedModel) -> None:
        self.model = model

    @hookimpl
    def sftsec_register_recipes(self) -> Sequence[RecipeSpec[Any]]:
        return [
            RecipeSpec(
                name="gated",
                summary="waits",
                inference_cost=1,
                fit=LINEAR.fit,
                load=lambda _folder: self.model,
            )
        ]

    @hookimpl
    def sftsec_register_suppressors(self) -> Sequence[SuppressorSpec[Any]]:
        return [SuppressorSpec(name="maintenance", summary="host-0", suppress=_maintenance)]


def _maintenance(_config: EmptyConfig, detection: Detection) -> Suppression | None:
    host = detection.fields.get("host.name")
    return Suppression("maintenance") if host == "host-0" else None


@pytest.fixture
def model() -> GatedModel:
    return GatedModel()


@pytest.fixture
def gated(tmp_path: Path, model: GatedModel) -> Iterator[Site]:
    site = Site.make(tmp_path, Plugin(model), suppress=["maintenance"])
    registry = site.context.registry
    site.promote(registry.register(model, site.serving("gated"), {}, run_id="run-1"))
    yield site
    site.context.close()


@pytest.fixture
def endpoint(gated: Site) -> Endpoint:
    return Endpoint(gated.context, gated.settings(queue=QUEUE))


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
    """Send requests until one is refused; return those that were let in."""
    sent = [callers.submit(client.text, "wait")]
    assert model.entered.acquire(timeout=PATIENCE_S)
    while not refused(more := callers.submit(client.text, "wait too")):
        sent.append(more)
    return sent


def refused(sent: Future[Reply]) -> bool:
    """Whether a request was refused; one that was let in does not come back."""
    try:
        return sent.result(1).status == 503
    except TimeoutError:
        return False


def test_a_full_queue_says_when_to_come_again_and_health_still_answers(
    client: Client, callers: ThreadPoolExecutor, model: GatedModel
) -> None:
    fill(client, callers, model)
    reply = client.text("one too many")
    assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    assert f"{QUEUE} requests for this task wait already" in reply.detail
    assert (client.get("/healthz").status, client.get("/v1/tasks").status) == (200, 200)


def test_those_that_wait_are_answered_one_by_one(
    client: Client, callers: ThreadPoolExecutor, model: GatedModel
) -> None:
    sent = [callers.submit(client.text, f"wait {number}") for number in range(QUEUE + 1)]
    for _ in sent:
        assert model.entered.acquire(timeout=PATIENCE_S)
        model.gate.release()
    assert [each.result(PATIENCE_S).status for each in sent] == [200] * (QUEUE + 1)
    assert model.most == 1


def test_who_goes_away_gives_his_place_back_and_is_not_scored(
    client: Client, callers: ThreadPoolExecutor, model: GatedModel
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
        # More than may wait at once: each must have given its place back.
        with socket.create_connection((place.hostname, place.port), timeout=PATIENCE_S) as gone:
            gone.sendall(head.encode() + body)
            assert client.get("/healthz").status == 200
    # There is room again: what is let in waits behind the first one.
    while refused(last := callers.submit(client.text, "last")):
        pass
    model.gate.release()
    assert (first.result(PATIENCE_S).status, last.result(PATIENCE_S).status) == (200, 200)
    assert "nobody waits" not in model.asked


def test_a_detection_that_a_plugin_keeps_back_says_why(client: Client) -> None:
    given = [{"fields": {"message": "x", "host.name": f"host-{number}"}} for number in (0, 1)]
    kept, raised = client.score(given).results
    assert (kept["label"], kept["detection"]) == ("malicious", False)
    assert kept["reason"] == "kept back: maintenance"
    assert (raised["detection"], raised["reason"]) == (True, None)


def test_a_stop_finishes_what_runs_and_what_waits_and_takes_nothing_new(
    endpoint: Endpoint, callers: ThreadPoolExecutor, model: GatedModel
) -> None:
    with running(endpoint) as client:
        wait_until(client, "/readyz", status="ready")
        sent = fill(client, callers, model)
        endpoint.stop()
        wait_until_closed(client)
        waiting = [each for each in sent if not each.done()]
        for _ in sent:
            model.gate.release()
        replies = [each.result(PATIENCE_S).status for each in waiting]
        assert replies == [200] * (QUEUE + 1)


def wait_until_closed(client: Client) -> None:
    pause = threading.Event()
    for _ in range(PATIENCE_S * 20):
        try:
            client.get("/healthz")
        except ConnectionError:
            return
        pause.wait(0.05)
    raise AssertionError("it goes on listening")


def test_workers_share_as_many_turns_as_there_are_threads() -> None:
    turn, order = threading.Semaphore(1), []
    gate, entered = threading.Event(), threading.Event()

    def slow() -> None:
        entered.set()
        assert gate.wait(PATIENCE_S)
        order.append("slow")

    one, other = Worker("one", 1, turn), Worker("other", 1, turn)
    first = one.submit(slow)
    assert entered.wait(PATIENCE_S)
    second = other.submit(lambda: order.append("quick"))
    gate.set()
    for future in (first, second):
        future.result(PATIENCE_S)
    assert order == ["slow", "quick"]
    one.stop()
    other.stop()


def test_a_place_is_free_again_after_an_error_and_after_a_withdrawal() -> None:
    gate = threading.Event()
    worker = Worker("one", 1, threading.Semaphore(1))
    running_now = worker.submit(lambda: gate.wait(PATIENCE_S))
    waiting = worker.submit(lambda: True)
    with pytest.raises(QueueFullError):
        worker.submit(lambda: True)
    assert waiting.cancel()
    broken: Future[float] = worker.submit(lambda: 1 / 0)
    gate.set()
    assert running_now.result(PATIENCE_S)
    with pytest.raises(ZeroDivisionError):
        broken.result(PATIENCE_S)
    assert worker.submit(lambda: True).result(PATIENCE_S)
    worker.stop()
