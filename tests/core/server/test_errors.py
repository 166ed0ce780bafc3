"""What the endpoint refuses, and that neither a token nor an event comes into its log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest

from tests.core.server.site import OTHER, TASK, TOKEN, Client, Site

SECRET = "winter-is-coming-4711"


@pytest.mark.parametrize("token", [None, "not-one-of-the-tokens", ""])
@pytest.mark.parametrize("path", ["/v1/score", "/v1/tasks", "/openapi.json", "/nowhere"])
def test_nobody_asks_without_a_token(client: Client, path: str, token: str | None) -> None:
    method = "POST" if path == "/v1/score" else "GET"
    reply = replace(client, token=token).call(method, path)
    assert reply.status == 401
    assert reply.headers["www-authenticate"].split()[0] == "Bearer"
    assert "Authorization: Bearer TOKEN" in reply.detail
    assert token is None or token == "" or token not in reply.raw.decode()


def test_a_large_body_is_not_read_for_a_caller_without_a_token(client: Client) -> None:
    reply = replace(client, token=None).call("POST", "/v1/score", b"x" * 5_000_000)
    assert reply.status == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_needs_no_token_and_tells_nothing_of_the_site(client: Client, path: str) -> None:
    reply = replace(client, token=None).get(path)
    assert reply.status == 200
    assert TASK not in reply.raw.decode()
    assert "server" not in reply.headers


def test_an_unknown_task_is_met_with_the_right_one(client: Client) -> None:
    reply = client.text("click", task="mial")
    assert reply.status == 404
    assert "unknown task 'mial', did you mean 'mail'?" in reply.detail


def test_a_task_without_a_model_says_what_makes_one(client: Client) -> None:
    reply = client.text("click", task="empty")
    assert reply.status == 409
    assert "`sftsec retrain empty`" in reply.detail


def test_a_body_that_is_too_large_is_refused_whether_its_length_is_said_or_not(
    client: Client,
) -> None:
    body = b"x" * 2_000_000
    said = client.call("POST", "/v1/score", body)
    connection = client.connect()
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    parts = (body[:50_000] for _ in range(4))
    connection.request("POST", "/v1/score", parts, bearer, encode_chunked=True)
    unsaid = connection.getresponse()
    assert (said.status, unsaid.status) == (413, 413)
    assert "a body may hold 100,000 bytes" in said.detail
    connection.close()


def test_too_many_events_are_refused(client: Client) -> None:
    reply = client.text(*["click"] * 201)
    assert reply.status == 413
    assert "a batch may hold 200 events, this one holds 201" in reply.detail


def test_another_shape_is_refused_without_repeating_it(client: Client) -> None:
    body = orjson.dumps({"task": TASK, "events": [{"fields": SECRET}], SECRET: SECRET})
    reply = client.call("POST", "/v1/score", body)
    assert reply.status == 422
    assert "events.0.fields: must be an object" in reply.detail
    assert SECRET not in reply.raw.decode()


def test_what_is_not_json_is_refused(client: Client) -> None:
    reply = client.call("POST", "/v1/score", SECRET.encode())
    assert reply.status == 400
    assert SECRET not in reply.detail


def test_a_compressed_body_is_refused(client: Client) -> None:
    reply = client.call("POST", "/v1/score", b"{}", **{"Content-Encoding": "gzip"})
    assert (reply.status, "content encoding" in reply.detail) == (415, True)


def test_another_path_and_another_method_say_what_there_is(client: Client) -> None:
    lost, wrong = client.get("/v2/score"), client.get("/v1/score")
    assert (lost.status, "/v1/score" in lost.detail) == (404, True)
    assert (wrong.status, wrong.headers["allow"]) == (405, "POST")
    assert "POST /v1/score" in wrong.detail
    assert client.get("/v1/tasks/").status == 404


def test_what_nobody_foresaw_is_a_problem_too(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_given: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("sftsec_core.server.service._score", broken)
    reply = client.text(SECRET)
    assert reply.status == 500
    assert "RuntimeError" in reply.detail
    assert eventually(lambda: "a request failed (RuntimeError)" in caplog.text)
    assert SECRET not in caplog.text + reply.raw.decode()
    monkeypatch.undo()
    assert client.text("click").status == 200


def test_the_access_log_says_who_asked_what_and_nothing_of_the_events(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client.text(SECRET, SECRET)
    replace(client, token=OTHER).get("/v1/tasks?q=" + SECRET)
    replace(client, token=SECRET).get("/" + SECRET)
    client.call("POST", "/v1/score", SECRET.encode())
    client.call("POST", "/v1/score", orjson.dumps({"task": SECRET, "events": []}))
    client.call(SECRET, "/v1/score")

    def lines() -> list[str]:
        return [each.getMessage() for each in caplog.records if each.name.endswith("access")]

    assert eventually(lambda: len(lines()) == 6)
    shown = [line.split(" ms=")[0] + " " + line.split()[-1] for line in lines()]
    assert shown == [
        "POST /v1/score 200 events=2 token=splunk",
        "GET /v1/tasks 200 events=- token=soar",
        "GET (another path) 401 events=- token=-",
        "POST /v1/score 400 events=- token=splunk",
        "POST /v1/score 404 events=0 token=splunk",
        "(another method) /v1/score 405 events=- token=splunk",
    ]
    for secret in (SECRET, TOKEN, OTHER):
        assert secret not in caplog.text


def eventually(said: Callable[[], bool]) -> bool:
    """Whether it is so within a while: a line is written behind the answer."""
    deadline = time.monotonic() + 10
    while not said() and time.monotonic() < deadline:
        time.sleep(0.01)
    return said()


def test_no_answer_repeats_a_token(site: Site, client: Client) -> None:
    replies = [
        client.get("/v1/tasks"),
        client.get("/openapi.json"),
        client.get("/" + TOKEN),
        client.text("click"),
        client.text("click", task="mial"),
        client.call("POST", "/v1/score", b"{"),
    ]
    assert all(TOKEN not in reply.raw.decode() + str(reply.headers) for reply in replies)
    assert TOKEN not in repr(site.context.settings)
