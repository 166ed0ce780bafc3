"""The alert action "Send to sftsec": detections of our connector's shape, or questions."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from sftsec_core.api.domain import detection_uid, inputs_digest
from tests.core.server.site import TASK, TOKEN
from tests.packaging.splunk.bench import Bench
from tests.servers.splunkd.pythons import SPLUNK_PYTHONS
from tests.servers.splunkd.state import Splunkd

ATTACK, LUNCH = "urgent verify password account locked", "lunch meeting thursday agenda"


def rows(*texts: str) -> list[dict[str, str]]:
    return [
        {"event_id": f"E{n}@@n", "message": text, "_time": "1767600000", "src": "10.0.0.1",
         "to": "ann\nbob", "__mv_to": "$ann$;$bob$", "status": "1", "user": "carl"}
        for n, text in enumerate(texts)
    ]  # fmt: skip


class TestScore:
    @pytest.mark.parametrize("version", SPLUNK_PYTHONS)
    def test_indexes_each_detection(
        self, scoring_bench: Bench, splunk: Splunkd, version: str
    ) -> None:
        scoring_bench.version = version
        given = [*rows(ATTACK, LUNCH, ""), {"message": ATTACK}]
        done = scoring_bench.alert(given, action="score", task=TASK, fields="message")
        assert done.returncode == 0, done.stderr
        assert "INFO sftsec: 1 rows scored, detection written" in done.stderr
        assert "INFO sftsec: 1 rows scored, no detection" in done.stderr
        assert "INFO sftsec: 1 rows without an incident_uid" in done.stderr
        assert "1 rows not scored: no field that the task reads" in done.stderr
        (event,) = splunk.events("sftsec")
        assert (event.origin.sourcetype, event.origin.source) == ("sftsec:detection", "sftsec")
        found = json.loads(event.raw)
        assert event.raw.startswith('{"time": ')  # where props.conf looks for it
        assert found["detection_id"] == detection_uid(
            found["sftsec_model"], "E0@@n", inputs_digest({"text": ATTACK})
        )
        assert (found["incident_uid"], found["signature"]) == ("E0@@n", "malicious")
        assert (found["src"], found["orig_time"]) == ("10.0.0.1", 1767600000)
        assert found["orig_to"] == ["ann", "bob"]
        assert "orig_status" not in found  # a review's
        assert found["sftsec_threshold"] == 0.5

    def test_writes_nothing_without_the_service(self, bench: Bench, splunk: Splunkd) -> None:
        bench.set_service("https://127.0.0.1:9", token=TOKEN)
        done = bench.alert(rows(ATTACK), action="score", task=TASK)
        assert done.returncode == 1
        assert done.stderr.startswith("ERROR sftsec: nothing listens at https://127.0.0.1:9")
        assert done.stderr.count("\n") == 1
        assert TOKEN not in done.stderr
        assert splunk.events("sftsec") == []

    def test_names_an_unknown_index(self, scoring_bench: Bench) -> None:
        done = scoring_bench.alert(rows(ATTACK), action="score", task=TASK, index="nowhere")
        assert done.returncode == 1
        assert "supplied index 'nowhere' missing" in done.stderr


class TestLabel:
    def test_queues_rows_for_labelling(self, bench: Bench, splunk: Splunkd) -> None:
        given = rows(ATTACK, LUNCH)
        given[0] |= {"sftsec_label": "malicious", "sftsec_probability": "0.52"}
        for _ in range(2):  # an alert fires again and again
            done = bench.alert(given, action="label", task=TASK, reason="odd")
            assert done.returncode == 0, done.stderr
        assert "INFO sftsec: 2 rows queued for labelling" in done.stderr
        first, second = splunk.kv("sftsec", "sftsec_queue")
        assert (first["incident_uid"], first["label"], first["probability"]) == (
            "E0@@n",
            "malicious",
            0.52,
        )
        assert (first["task"], first["reason"], first["event_time"]) == (TASK, "odd", 1767600000)
        assert json.loads(first["event"]) == {
            "message": ATTACK, "src": "10.0.0.1", "to": ["ann", "bob"], "user": "carl",
        }  # fmt: skip
        assert "probability" not in second
        assert first["_key"] == hashlib.sha256(b"E0@@n").hexdigest()[:40]

    def test_takes_the_alerts_name_as_reason(self, bench: Bench, splunk: Splunkd) -> None:
        bench.alert(rows(LUNCH), action="label", task=TASK)
        assert splunk.kv("sftsec", "sftsec_queue")[0]["reason"] == "sent by the alert Strange mail"


class TestErrors:
    def test_a_user_needs_the_role(self, bench: Bench, splunk: Splunkd) -> None:
        done = bench.alert(rows(LUNCH), user="ann", action="label", task=TASK)
        assert done.returncode == 1
        assert "403" in done.stderr
        assert splunk.kv("sftsec", "sftsec_queue") == []

    @pytest.mark.parametrize(
        ("configuration", "told"),
        [
            (
                {"action": "delete", "task": TASK},
                "param.action is 'delete': it must be score or label",
            ),
            ({"action": "label"}, "param.task is missing"),
            ({"action": "score", "task": TASK, "fields": "verdict"}, "a model must not read it"),
        ],
    )
    def test_a_wrong_parameter_is_one_line(
        self, bench: Bench, configuration: dict[str, Any], told: str
    ) -> None:
        done = bench.alert(rows(LUNCH), **configuration)
        assert done.returncode == 1
        assert told in done.stderr
        assert done.stderr.count("\n") == 1
