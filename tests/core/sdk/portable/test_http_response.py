"""Responses, and requests that are repeated while the server is busy."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sftsec_core.sdk.portable import (
    HttpResponse,
    problem_detail,
    repeat_while_busy,
    splunkd_messages,
)


def response(status: int, body: object = None, retry_after: str | None = None) -> HttpResponse:
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return HttpResponse(status, headers, json.dumps(body).encode())


class TestRepeatWhileBusy:
    @pytest.fixture(autouse=True)
    def _waits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waits: list[float] = []
        monkeypatch.setattr(time, "sleep", self.waits.append)

    def run(self, *responses: HttpResponse) -> HttpResponse:
        self.left: Iterator[HttpResponse] = iter(responses)
        return repeat_while_busy(lambda: next(self.left))

    def test_a_success_is_not_repeated(self) -> None:
        assert self.run(response(200)).status == 200
        assert self.waits == []

    @pytest.mark.parametrize("status", [429, 503])
    def test_waits_as_long_as_the_server_asks(self, status: int) -> None:
        assert self.run(response(status, retry_after="2"), response(200)).status == 200
        assert self.waits == [2]

    @pytest.mark.parametrize(
        ("retry_after", "wait"), [(None, 1), ("3600", 5), ("Fri, 27 Nov 2026", 1), ("²", 1)]
    )
    def test_the_wait_is_bounded(self, retry_after: str | None, wait: int) -> None:
        self.run(response(503, retry_after=retry_after), response(200))
        assert self.waits == [wait]

    def test_gives_up_after_three_attempts(self) -> None:
        busy = response(503, retry_after="0")
        assert self.run(busy, busy, busy, response(200)).status == 503
        assert next(self.left).status == 200

    @pytest.mark.parametrize("status", [400, 401, 413, 500])
    def test_another_error_is_not_repeated(self, status: int) -> None:
        assert self.run(response(status), response(200)).status == status


class TestCauses:
    def test_of_the_service_are_its_detail(self) -> None:
        assert problem_detail(response(422, {"detail": "a\nb"})) == "a b"
        bodies: list[Any] = [None, [], {}, "x"]
        for body in bodies:
            assert problem_detail(response(422, body)) == ""

    def test_of_splunkd_are_its_messages(self) -> None:
        messages = [{"type": "ERROR", "text": "KV\nstore"}, "x", {"text": "down"}]
        assert splunkd_messages(response(503, {"messages": messages})) == "KV store; down"
        bodies: list[Any] = [None, [], {}, {"messages": {}}]
        for body in bodies:
            assert splunkd_messages(response(503, body)) == ""

    def test_body_other_than_json_is_none(self) -> None:
        for body in (b"<html>", b"\xff\xfe", b"", b"[" * 100_000):
            assert HttpResponse(200, {}, body).json() is None
