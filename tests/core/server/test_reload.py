"""A model that is promoted, rolled back or damaged while requests run."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from sftsec_core.server.endpoint import Endpoint
from tests.core.server.site import TASK, Client, Reply, Site, running, wait_until

TEXTS = ("please verify your account", "lunch with the team", "urgent prize click today")

pytestmark = pytest.mark.usefixtures("_look_often")


class Caller:
    """Sends the same batch over and over, from a thread of its own."""

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


def model(digest: str) -> dict[str, Any]:
    return {"digest": digest, "recipe": "linear"}


def test_promotions_and_rollbacks_go_unnoticed_by_who_asks(own_site: Site) -> None:
    first, second = own_site.register(0), own_site.register(1, threshold=0.25)
    own_site.promote(first)
    with running(Endpoint(own_site.context, own_site.settings())) as client:
        wait_until(client, "/v1/tasks", model=model(first.digest))
        with Caller(client) as caller:
            own_site.promote(second)
            wait_until(client, "/v1/tasks", model=model(second.digest))
            right = {second.digest: client.text(*TEXTS).json}
            own_site.context.registry.rollback(TASK, "test", "worse")
            wait_until(client, "/v1/tasks", model=model(first.digest))
            right[first.digest] = client.text(*TEXTS).json
    assert right[first.digest]["results"] != right[second.digest]["results"]
    assert {reply.status for reply in caller.replies} == {200}
    answers = [reply.json for reply in caller.replies]
    # Each answer is whole: the results, threshold and name of one model.
    assert all(answer == right[answer["model"]["digest"]] for answer in answers)
    assert {answer["model"]["digest"] for answer in answers} == {first.digest, second.digest}


def test_a_damaged_model_is_shown_and_the_old_one_answers(own_site: Site) -> None:
    good, bad = own_site.register(0), own_site.register(1)
    own_site.promote(good)
    with running(Endpoint(own_site.context, own_site.settings())) as client:
        wait_until(client, "/readyz", status="ready")
        own_site.damage(bad)
        own_site.point(bad)
        ready = wait_until(client, "/readyz", troubles=1)
        task = client.get("/v1/tasks").json["tasks"][0]
        answer = client.text("click").json
    assert ready.status == 200
    assert (task["status"], task["model"]) == ("ready", model(good.digest))
    assert f"model {bad.digest[:12]} cannot be loaded" in task["error"]
    assert answer["model"] == model(good.digest)


def test_a_first_model_is_taken_over_and_a_damaged_first_one_is_not_ready(own_site: Site) -> None:
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
    assert "GET /v1/tasks says why" in refused.detail


def test_before_the_first_look_the_endpoint_lives_and_is_not_ready(
    own_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sftsec_core.server.model_cache.ModelCache.look", lambda _self: None)
    with running(Endpoint(own_site.context, own_site.settings())) as client:
        refused = client.text("click")
        ready = client.get("/readyz")
        assert client.get("/healthz").json == {"status": "alive"}
    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
    assert "is being loaded" in refused.detail
    assert (ready.status, ready.json["status"]) == (503, "loading")
