"""`| sftsecscore` against a live service: rows go through, whatever becomes of their scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.core.server.process import started
from tests.core.server.site import TASK, TOKEN, Client, Site, wait_until
from tests.packaging.splunk.bench import Bench
from tests.packaging.splunk.scored import (
    ADDED,
    ASKED,
    ATTACK,
    LUNCH,
    answering,
    closed_port,
    echo,
    errors,
    rows,
    unscored,
    untouched,
)
from tests.servers.splunkd.chunked import Record
from tests.servers.splunkd.pythons import SPLUNK_PYTHONS


class TestScores:
    @pytest.mark.parametrize("version", SPLUNK_PYTHONS)
    def test_are_added_to_unchanged_rows(self, scoring_bench: Bench, version: str) -> None:
        scoring_bench.version = version
        given = rows(ATTACK, LUNCH, "")
        run = scoring_bench.run("sftsecscore", [given], *ASKED)
        assert (run.exit_code, run.stderr, run.messages) == (0, "", [])
        assert run.info["type"] == "stateful"
        assert "message" in run.info["required_fields"]
        assert untouched(run.records) == given
        attack, lunch, empty = run.records
        assert (attack["sftsec_label"], attack["sftsec_detection"]) == ("malicious", "true")
        assert float(str(attack["sftsec_probability"])) > 0.5
        assert (lunch["sftsec_label"], lunch["sftsec_detection"]) == ("benign", "false")
        assert len(str(lunch["sftsec_model"])) == 64
        assert empty["sftsec_label"] == ""
        assert empty["sftsec_reason"] == "not scored: no field that the task reads has a value"

    def test_are_those_of_the_service(self, scoring_bench: Bench, service: Client) -> None:
        run = scoring_bench.run("sftsecscore", [rows(ATTACK)], *ASKED)
        (told,) = service.text(ATTACK).results
        assert float(str(run.records[0]["sftsec_probability"])) == pytest.approx(
            told["probability"], 1e-5
        )

    def test_columns_are_in_every_frame(self, scoring_bench: Bench) -> None:
        run = scoring_bench.run("sftsecscore", [rows(LUNCH), rows(ATTACK), []], *ASKED)
        assert [list(each)[-len(ADDED) :] for each in run.records] == [ADDED, ADDED]
        assert run.frames == 4

    def test_a_batch_has_the_configured_size(
        self, bench: Bench, service: Client, certificates: Path
    ) -> None:
        bench.set_service(service.url, certificates / "ca.pem", TOKEN, batch="200")
        run = bench.run("sftsecscore", [rows(*[ATTACK, LUNCH] * 60)], *ASKED)  # it takes 50
        assert run.messages == []
        labels = [each["sftsec_label"] for each in run.records]
        assert labels == ["malicious", "benign"] * 60

    def test_replace_existing_columns(self, scoring_bench: Bench) -> None:
        stale: list[Record] = [
            {"message": LUNCH, "sftsec_label": ["old", "older"], "sftsec_reason": "x"}
        ]
        run = scoring_bench.run("sftsecscore", [stale], *ASKED)
        assert (run.records[0]["sftsec_label"], run.records[0]["sftsec_reason"]) == ("benign", "")


class TestFields:
    def test_private_ones_are_not_sent(self, bench: Bench) -> None:
        with answering(echo) as (url, bodies):
            bench.set_service(url, token=TOKEN)
            row: Record = {
                "message": ATTACK, "to": ["a", "b"], "sftsec_label": "malicious",
                "disposition": "1", "verdict": "benign", "event_id": "E1@@n", "status": "5",
                "owner": "ann", "_raw": "x", "_time": "1767600000", "linecount": "1",
                "_bkt": "main~1",
            }  # fmt: skip
            bench.run("sftsecscore", [[row]], f"task={TASK}", "fields=*")
        (event,) = bodies[0]["events"]
        assert event["fields"] == {
            "message": ATTACK, "to": ["a", "b"], "@timestamp": "2026-01-05T08:00:00+00:00",
        }  # fmt: skip


class TestFaults:
    @pytest.mark.parametrize("version", SPLUNK_PYTHONS)
    def test_rows_pass_when_nothing_listens(self, bench: Bench, version: str) -> None:
        bench.version = version
        bench.set_service(f"https://127.0.0.1:{closed_port()}", token=TOKEN)
        given = rows(ATTACK, LUNCH)
        run = bench.run("sftsecscore", [given, given], *ASKED)
        assert untouched(run.records) == given * 2
        assert unscored(run.records)
        assert len(errors(run.messages)) == 1  # once, however many batches
        assert "nothing listens at https://127.0.0.1:" in errors(run.messages)[0]
        assert ("WARN", "sftsec: 4 rows went on without a score") in run.messages
        assert (run.exit_code, run.finished, run.stderr) == (0, True, "")

    @pytest.mark.parametrize("version", SPLUNK_PYTHONS)
    def test_a_killed_service_costs_the_rest_alone(
        self, bench: Bench, site: Site, version: str
    ) -> None:
        bench.version = version
        with started(site) as (process, url):
            client = Client(url)
            wait_until(client, "/readyz", status="ready")

            def passed_on(body: dict[str, Any]) -> bytes | None:
                if len(bodies) > 2:
                    process.kill()
                    return None
                return client.call("POST", "/v1/score", json.dumps(body).encode()).raw

            with answering(passed_on) as (front, bodies):
                bench.set_service(front, token=TOKEN, batch="2")
                run = bench.run("sftsecscore", [rows(ATTACK, LUNCH)] * 4, *ASKED)
        assert untouched(run.records) == rows(ATTACK, LUNCH) * 4
        assert [each["sftsec_label"] for each in run.records[:4]] == ["malicious", "benign"] * 2
        assert unscored(run.records[4:])
        assert "closed the connection without an answer" in errors(run.messages)[0]
        assert ("WARN", "sftsec: 4 rows went on without a score") in run.messages
        assert (run.exit_code, run.finished, run.stderr) == (0, True, "")
