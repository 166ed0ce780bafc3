"""What the scoring service answers: scores, refusals, and what is none of its answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.core.server.site import TASK, TOKEN, Client
from tests.packaging.splunk.bench import Bench
from tests.packaging.splunk.scored import (
    ASKED,
    ATTACK,
    answering,
    echo,
    errors,
    rows,
    unscored,
)


class TestAnswer:
    def test_of_an_unknown_task_names_known_ones(self, scoring_bench: Bench) -> None:
        run = scoring_bench.run("sftsecscore", [rows(ATTACK)], "task=phishing", "field=message")
        assert unscored(run.records)
        assert "404: no such task" in errors(run.messages)[0]
        assert TASK in errors(run.messages)[0].partition("known")[2]

    @pytest.mark.parametrize(
        "junk",
        [
            b"<html>It works!</html>",
            b'{"results": []}',
            b'{"model": {"digest": "d"}, "threshold": 0.5, "results": [{"id": 1}]}',
            b'{"model": {"digest": "d"}, "threshold": 0.5, "results": 7}',
            b'{"model": {"digest": "d"}, "threshold": 0.5, "results": [{"id": 0,'
            b' "label": "malicious", "probability": 7, "detection": true}]}',
            b"[" * 100_000,
        ],
        ids=["html", "no model", "another id", "no list", "no probability", "deep"],
    )
    def test_that_is_junk_lets_rows_pass(self, bench: Bench, junk: bytes) -> None:
        with answering(lambda _body: junk) as (url, _):
            bench.set_service(url, token=TOKEN)
            run = bench.run("sftsecscore", [rows(ATTACK)], *ASKED)
        assert unscored(run.records)
        assert "is none of `sftsec serve`" in errors(run.messages)[0]
        assert (run.exit_code, run.stderr) == (0, "")

    def test_of_a_busy_service_is_awaited(self, bench: Bench) -> None:
        calls: list[int] = []

        def busy(body: dict[str, Any]) -> bytes | int:
            calls.append(1)
            return 503 if len(calls) == 1 else echo(body)

        with answering(busy) as (url, _):
            bench.set_service(url, token=TOKEN)
            run = bench.run("sftsecscore", [rows(ATTACK)], *ASKED)
        assert (len(calls), run.messages) == (2, [])
        assert run.records[0]["sftsec_label"] == "malicious"


class TestToken:
    def test_that_is_refused_lets_rows_pass(
        self, bench: Bench, service: Client, certificates: Path
    ) -> None:
        wrong = "a-token-that-nobody-knows"
        bench.set_service(service.url, certificates / "ca.pem", wrong)
        run = bench.run("sftsecscore", [rows(ATTACK)], *ASKED)
        assert unscored(run.records)
        (told,) = errors(run.messages)
        assert "401: the token is refused: set another one on the set-up page" in told
        assert wrong not in json.dumps(run.messages) + run.stderr
