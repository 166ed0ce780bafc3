"""A server that hangs or sends elsewhere costs a search no more than its timeout."""

from __future__ import annotations

import threading

from tests.core.server.site import TOKEN
from tests.packaging.splunk.bench import Bench
from tests.packaging.splunk.scored import (
    ASKED,
    ATTACK,
    answering,
    errors,
    rows,
    unscored,
)


class TestHttpConnection:
    def test_gives_up_a_hanging_server(self, bench: Bench) -> None:
        ended = threading.Event()
        with answering(lambda _body: ended.wait(20) and b"") as (url, bodies):
            bench.set_service(url, token=TOKEN, timeout="1", batch="1")
            run = bench.run("sftsecscore", [rows(*[ATTACK] * 8)], *ASKED)
            ended.set()
        assert len(bodies) == 3  # then it waits no more
        assert len(run.records) == 8
        assert unscored(run.records)
        assert errors(run.messages) == [f"sftsec: {url} did not answer within 1 s"]


class TestRedirect:
    def test_is_not_followed_with_the_token(self, bench: Bench) -> None:
        with answering(lambda _body: 307) as (url, bodies):
            bench.set_service(url, token=TOKEN)
            run = bench.run("sftsecscore", [rows(ATTACK)], *ASKED)
        assert len(bodies) == 1
        assert "the scoring service answered 307" in errors(run.messages)[0]
