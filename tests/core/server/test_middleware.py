"""Authentication, the access log, and errors that no one expected."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest

from tests.core.server.site import OTHER, TASK, TOKEN, Client, Site

SECRET = "winter-is-coming-4711"


def eventually(said: Callable[[], bool]) -> bool:
    """Whether it becomes true in time: a line is written after the response."""
    deadline = time.monotonic() + 10
    while not said() and time.monotonic() < deadline:
        time.sleep(0.01)
    return said()


class TestAuthentication:
    @pytest.mark.parametrize("token", [None, "not-one-of-the-tokens", ""])
    @pytest.mark.parametrize("path", ["/v1/score", "/v1/tasks", "/openapi.json", "/nowhere"])
    def test_a_request_needs_a_known_token(
        self, client: Client, path: str, token: str | None
    ) -> None:
        method = "POST" if path == "/v1/score" else "GET"
        reply = replace(client, token=token).call(method, path)
        assert reply.status == 401
        assert reply.headers["www-authenticate"].split()[0] == "Bearer"
        assert "Authorization: Bearer TOKEN" in reply.detail
        assert token is None or token == "" or token not in reply.raw.decode()

    def test_body_is_unread_without_a_token(self, client: Client) -> None:
        reply = replace(client, token=None).call("POST", "/v1/score", b"x" * 5_000_000)
        assert reply.status == 401

    @pytest.mark.parametrize("path", ["/healthz", "/readyz"])
    def test_health_needs_no_token(self, client: Client, path: str) -> None:
        reply = replace(client, token=None).get(path)
        assert reply.status == 200
        assert TASK not in reply.raw.decode()
        assert "server" not in reply.headers

    def test_no_response_repeats_a_token(self, site: Site, client: Client) -> None:
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


class TestAccessLog:
    def test_names_owner_but_no_event(
        self, client: Client, caplog: pytest.LogCaptureFixture
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

        # What the test before this one asked last may be written only now.
        assert eventually(lambda: "(another method)" in "".join(lines()[-1:]))
        shown = [line.split(" ms=")[0] + " " + line.split()[-1] for line in lines()[-6:]]
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


class TestUnexpectedErrors:
    def test_are_logged_by_their_type_alone(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def broken(*_given: object) -> None:
            raise RuntimeError(SECRET)

        monkeypatch.setattr("sftsec_core.server.worker.score_together", broken)
        reply = client.text(SECRET)
        assert reply.status == 500
        assert "RuntimeError" in reply.detail
        assert eventually(lambda: "a request failed (RuntimeError)" in caplog.text)
        assert SECRET not in caplog.text + reply.raw.decode()
        monkeypatch.undo()
        assert client.text("click").status == 200
