"""A wrong token is answered late, holds nothing, and is logged with its address."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from sftsec_core.server.endpoint import LIMITED_LOGS, Endpoint
from sftsec_core.server.wrong_tokens import MOST_WAITING, WrongTokens
from tests.core.server.site import Client, Reply, Site, running
from tests.logs import told

GUESS = "not-one-of-the-tokens"
DELAY_S = 0.4


@pytest.fixture(autouse=True)
def _no_earlier_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint of other tests in this process writes each line once a minute, for all."""
    for name in LIMITED_LOGS:
        monkeypatch.setattr(logging.getLogger(name), "filters", [])


@pytest.fixture
def client(own_site: Site) -> Iterator[Client]:
    settings = own_site.settings(wrong_token_delay=f"{DELAY_S}s")
    with running(Endpoint(own_site.context, settings)) as made:
        yield made


def scope(*forwarded: str, client: tuple[str, int] | None = ("192.0.2.7", 5)) -> dict[str, Any]:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    return {"client": client, "headers": headers}


def timed(client: Client, path: str) -> tuple[float, Reply]:
    begin = time.monotonic()
    reply = client.get(path)
    return time.monotonic() - begin, reply


class TestDelay:
    def test_waits_for_a_wrong_token_alone(
        self, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        guesser = replace(client, token=GUESS)
        with ThreadPoolExecutor(8) as pool:
            guesses = [pool.submit(timed, guesser, "/v1/tasks") for _ in range(8)]
            others = [timed(client, "/v1/tasks"), timed(replace(client, token=None), "/v1/tasks")]
            others.append(timed(guesser, "/healthz"))
            late = [each.result() for each in guesses]
        assert [reply.status for _, reply in others] == [200, 401, 200]
        assert max(seconds for seconds, _ in others) < DELAY_S
        assert {reply.status for _, reply in late} == {401}
        assert min(seconds for seconds, _ in late) >= DELAY_S
        lines = [each for each in caplog.records if each.name.endswith("wrong_tokens")]
        assert [each.getMessage() for each in lines] == ["a wrong token was sent from 127.0.0.1"]
        assert GUESS not in caplog.text

    def test_that_would_be_too_many_closes(self) -> None:
        async def attempt() -> tuple[list[bool], float]:
            begin = time.monotonic()
            wrong = WrongTokens(0.05)
            waited = await asyncio.gather(*[wrong.delay(scope()) for _ in range(MOST_WAITING + 3)])
            assert await wrong.delay(scope())
            return waited, time.monotonic() - begin

        waited, seconds = asyncio.run(attempt())
        assert waited == [True] * MOST_WAITING + [False] * 3
        assert seconds < 1

    def test_past_the_bound_ends_the_connection(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sftsec_core.server.wrong_tokens.MOST_WAITING", 0)
        seconds, reply = timed(replace(client, token=GUESS), "/v1/tasks")
        assert (reply.status, reply.headers["connection"]) == (401, "close")
        assert seconds < DELAY_S


class TestAddress:
    @pytest.mark.parametrize(
        ("behind_proxy", "given", "address"),
        [
            (False, scope("203.0.113.9"), "192.0.2.7"),
            (True, scope("203.0.113.9"), "203.0.113.9"),
            (True, scope("198.51.100.1, 203.0.113.9"), "203.0.113.9"),
            (True, scope("198.51.100.1", "2001:db8::1"), "2001:db8::1"),
            (True, scope("evil\ntext"), "192.0.2.7"),
            (True, scope(), "192.0.2.7"),
            (False, scope(client=None), "an unknown address"),
        ],
    )
    def test_is_the_nearest_that_is_known(
        self,
        behind_proxy: bool,
        given: dict[str, Any],
        address: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.WARNING)
        asyncio.run(WrongTokens(0, behind_proxy=behind_proxy).delay(given))
        assert told(caplog, "sftsec_core.server.wrong_tokens") == [
            f"a wrong token was sent from {address}"
        ]
