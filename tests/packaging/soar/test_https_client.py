"""Answers that no service and no Splunk would give; what is sent to whom."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.core.server.site import TASK, TOKEN
from tests.packaging.soar.bench import Bench, ok, refused
from tests.packaging.soar.strange import Asked, Gives, strange_server

RESULT: dict[str, Any] = {
    "id": 0, "label": "malicious", "probability": 0.9, "detection": True, "reason": None,
    "error": None, "top_classes": [{"label": "malicious", "probability": 0.9}],
    "inputs_digest": "5d41",
    "labels": ["malicious"],
}  # fmt: skip
ANSWER: dict[str, Any] = {
    "task": TASK, "model": {"digest": "d" * 64, "recipe": "linear"}, "threshold": 0.5,
    "results": [RESULT],
}  # fmt: skip
FIELDS = json.dumps({"message": "x"})
NONE_OF_OURS = "answer is none of `sftsec serve`: check the asset's address"


def gives(document: object) -> Gives:
    return Gives(json.dumps(document).encode())


class TestAnswers:
    @pytest.mark.parametrize(
        "junk",
        [
            Gives(b"<html>Welcome</html>"),
            Gives(b""),
            Gives(b"[" * 100_000),
            Gives(b"\xff\xfe"),
            gives([]),
            gives({}),
            gives({**ANSWER, "results": []}),
            gives({**ANSWER, "results": [RESULT, RESULT]}),
            gives({**ANSWER, "results": ["x"]}),
            gives({**ANSWER, "model": None}),
            gives({**ANSWER, "threshold": "high"}),
            gives({**ANSWER, "results": [{**RESULT, "probability": 7}]}),
            gives({**ANSWER, "results": [{**RESULT, "probability": None}]}),
            gives({**ANSWER, "results": [{**RESULT, "label": 5}]}),
            gives({**ANSWER, "results": [{**RESULT, "top_classes": None}]}),
        ],
    )
    def test_a_junk_answer_is_no_score(self, bench: Bench, certificates: Path, junk: Gives) -> None:
        with strange_server(certificates, lambda _: junk) as (url, asked):
            run = bench.run("score_event", {"service_url": url}, task=TASK, fields=FIELDS)
        assert NONE_OF_OURS in refused(run)
        assert len(asked) == 1

    @pytest.mark.parametrize("junk", [Gives(b"hello"), gives({"tasks": [{}]}), gives({"tasks": 3})])
    @pytest.mark.parametrize("action", ["get_report", "test_connectivity"])
    def test_a_junk_answer_is_no_report(
        self, bench: Bench, certificates: Path, junk: Gives, action: str
    ) -> None:
        with strange_server(certificates, lambda _: junk) as (url, _):
            assert NONE_OF_OURS in refused(bench.run(action, {"service_url": url}))

    def test_a_right_answer_is_accepted(self, bench: Bench, certificates: Path) -> None:
        with strange_server(certificates, lambda _: gives(ANSWER)) as (url, asked):
            asset = {"service_url": f"{url}/behind/a/proxy/"}
            (scored,) = ok(bench.run("score_event", asset, task=TASK, fields=FIELDS))
        assert (scored["label"], scored["probability"]) == ("malicious", 0.9)
        (request,) = asked
        assert (request.method, request.path) == ("POST", "/behind/a/proxy/v1/score")
        assert request.token == f"Bearer {TOKEN}"

    def test_a_busy_service_is_asked_three_times(self, bench: Bench, certificates: Path) -> None:
        turn = count()
        busy = Gives(b'{"detail": "send it again later"}', 503, {"Retry-After": "0"})
        with strange_server(certificates, lambda _: busy if next(turn) < 2 else gives(ANSWER)) as (
            url,
            asked,
        ):
            ok(bench.run("score_event", {"service_url": url}, task=TASK, fields=FIELDS))
        assert len(asked) == 3
        with strange_server(certificates, lambda _: busy) as (url, asked):
            run = bench.run("score_event", {"service_url": url}, task=TASK, fields=FIELDS)
        assert "answered 503: send it again later" in refused(run)
        assert len(asked) == 3

    @pytest.mark.parametrize(
        ("slow", "said"),
        [
            (
                Gives(b"x" * 40, pause_s=0.2),
                "did not answer within 2 s",
            ),  # each piece comes in time
            (Gives(b"x", pause_s=20), "did not answer within 2 s"),
            (Gives(b"x" * (9 * 2**20)), "answered more than 8388608 bytes"),
            (Gives(b"x", headers={"Content-Length": "9"}), "gave no whole answer"),
        ],
    )
    def test_are_bounded_in_time_and_size(
        self, bench: Bench, certificates: Path, slow: Gives, said: str
    ) -> None:
        closing = Gives(
            slow.body, headers={"Connection": "close", **slow.headers}, pause_s=slow.pause_s
        )
        with strange_server(certificates, lambda _: closing) as (url, _):
            message = refused(bench.run("get_report", {"service_url": url, "timeout": 2}))
        assert said in message


class TestRequests:
    def test_private_fields_are_not_sent(self, bench: Bench, certificates: Path) -> None:
        said = {
            "event_id": "A@@B", "status": "5", "owner": "ann", "comment": "bad", "urgency": "high",
            "disposition": "disposition:1", "verdict": "malicious", "sftsec_label": "x",
            "_time": "1", "src": "10.0.0.1", "port": 443, "to": ["a", "b", None],
            "none": None, "sent": True,
        }  # fmt: skip
        with strange_server(certificates, lambda _: gives(ANSWER)) as (url, asked):
            ok(bench.run("score_event", {"service_url": url}, task=TASK, fields=json.dumps(said)))
        (event,) = asked[0].document["events"]
        assert event["fields"] == {
            "src": "10.0.0.1",
            "port": "443",
            "to": ["a", "b"],
            "sent": "true",
        }

    def test_a_redirect_is_not_followed(self, bench: Bench, certificates: Path) -> None:
        with strange_server(certificates, lambda _: gives({"tasks": []})) as (elsewhere, never):
            moved = Gives(b"", 302, {"Location": f"{elsewhere}/v1/tasks"})
            with strange_server(certificates, lambda _: moved) as (url, _):
                message = refused(bench.run("get_report", {"service_url": url}))
        assert "answered 302" in message
        assert never == []

    def test_another_name_is_not_trusted(self, bench: Bench, certificates: Path) -> None:
        with strange_server(certificates, lambda _: gives({}), "127.0.0.2") as (url, asked):
            message = refused(bench.run("get_report", {"service_url": url}))
        assert "is not trusted" in message
        assert "127.0.0.2" in message
        assert asked == []


class TestSplunk:
    @pytest.mark.parametrize(
        ("junk", "said"),
        [
            (Gives(b"<html>"), "did not answer with JSON"),
            (gives({"entry": []}), "with no entry"),
            (
                gives({"entry": [{"content": {"capabilities": ["sftsec_label"]}}]}),
                "none of the verdicts",
            ),
            (gives([]), "with no entry"),
            (Gives(b"no", 500), "splunkd answered 500: no reason given"),
            (
                Gives(b'{"messages": [{"type": "ERROR", "text": "KV\\nstore"}]}', 503),
                "503: KV store",
            ),
        ],
    )
    def test_a_junk_answer_saves_nothing(
        self, bench: Bench, certificates: Path, junk: Gives, said: str
    ) -> None:
        bench.asset |= {"splunk_token": "a-token-of-splunk", "splunk_ca": bench.asset["service_ca"]}
        with strange_server(certificates, lambda _: junk) as (url, asked):
            run = bench.run(
                "submit_verdict", {"splunk_url": url}, verdict="malicious", incident_uid="E1"
            )
        assert said in refused(run)
        assert {each.method for each in asked} == {"GET"}

    def test_invalid_documents_stop_the_write(self, bench: Bench, certificates: Path) -> None:
        content = {"capabilities": ["sftsec_label"], "verdicts": "malicious"}

        def answer(asked: Asked) -> Gives:
            kv = "/storage/collections/" in asked.path
            return gives(["x"] if kv else {"entry": [{"content": content}]})

        bench.asset |= {"splunk_token": "a-token-of-splunk", "splunk_ca": bench.asset["service_ca"]}
        with strange_server(certificates, answer) as (url, asked):
            run = bench.run(
                "submit_verdict", {"splunk_url": url}, verdict="malicious", incident_uid="E1"
            )
        assert "with no documents" in refused(run)
        assert {each.method for each in asked} == {"GET"}
