"""The actions that ask the scoring service, against a live one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import detection_uid, inputs_digest
from tests.core.server.site import TASK, TOKEN, Client
from tests.packaging.soar.bench import Bench, ok, refused
from tests.packaging.splunk.scored import ATTACK, LUNCH, closed_port
from tests.servers.splunkd.state import Splunkd

ACTIONS: list[tuple[str, dict[str, str]]] = [
    ("test_connectivity", {}),
    ("score_event", {"task": TASK, "fields": '{"message": "x"}'}),
    ("get_report", {}),
]


class TestService:
    def test_connectivity_counts_tasks_and_models(self, bench: Bench) -> None:
        run = bench.run("test_connectivity")
        assert run.ok, run.message
        assert "has 2 tasks; 1 of them have a live model" in run.output
        assert "names no Splunk: verdicts cannot be submitted" in run.output

    def test_an_event_has_the_services_score(self, bench: Bench, service: Client) -> None:
        (attack,) = ok(bench.run("score_event", task=TASK, fields=json.dumps({"message": ATTACK})))
        (told,) = service.text(ATTACK).results
        assert attack["label"] == "malicious"
        assert attack["detection"] is True
        assert attack["probability"] == pytest.approx(told["probability"], abs=1e-12)
        assert attack["model"] == service.text(ATTACK).json["model"]["digest"]
        assert (attack["recipe"], attack["threshold"], attack["task"]) == ("linear", 0.5, TASK)
        assert [each["label"] for each in attack["classes"]] == ["malicious", "benign"]
        run = bench.run("score_event", task=TASK, fields=json.dumps({"message": LUNCH}))
        (lunch,) = ok(run)
        assert (lunch["label"], lunch["detection"]) == ("benign", False)
        assert run.message == f"benign ({lunch['probability']:.3f}): no detection"

    def test_a_text_is_the_first_field(self, bench: Bench, service: Client) -> None:
        (scored,) = ok(bench.run("score_event", task=TASK, text=ATTACK))
        (told,) = service.score([{"fields": {"email.subject": ATTACK}}]).results
        assert scored["probability"] == pytest.approx(told["probability"], abs=1e-12)

    def test_nested_and_dotted_fields_are_equal(self, bench: Bench) -> None:
        nested = json.dumps({"email": {"subject": ATTACK}, "event_id": "A@@B"})
        dotted = json.dumps({"email.subject": ATTACK, "event_id": "A@@B"})
        (first,), (second,) = (
            ok(bench.run("score_event", task=TASK, fields=each)) for each in (nested, dotted)
        )
        assert first == second
        assert first["incident_uid"] == "A@@B"
        digest = inputs_digest({"text": ATTACK})
        assert first["detection_id"] == detection_uid(first["model"], "A@@B", digest)

    def test_only_a_named_detection_has_an_id(self, bench: Bench) -> None:
        for fields in ({"message": ATTACK}, {"message": LUNCH, "event_id": "A@@B"}):
            (scored,) = ok(bench.run("score_event", task=TASK, fields=json.dumps(fields)))
            assert scored["detection_id"] == ""

    def test_the_report_lists_the_tasks(self, bench: Bench, service: Client) -> None:
        run = bench.run("get_report")
        told = {each["task"]: each for each in service.get("/v1/tasks").json["tasks"]}
        found = {each["task"]: each for each in ok(run)}
        assert set(found) == set(told) == {TASK, "empty"}
        assert found[TASK]["model"] == told[TASK]["model"]["digest"]
        assert found[TASK]["text_fields"] == ["email.subject", "message"]
        assert found[TASK]["labels"] == told[TASK]["labels"]
        empty = found["empty"]
        assert (empty["status"], empty["model"], empty["threshold"]) == ("none", "", None)
        assert run.message == "2 tasks; 1 of them have a live model"
        (one,) = ok(bench.run("get_report", task=TASK))
        assert one == found[TASK]


class TestErrors:
    @pytest.mark.parametrize(
        ("params", "said"),
        [
            ({"task": "male", "fields": '{"message": "x"}'}, "404"),
            ({"task": "male", "text": "x"}, "there is no task 'male': the service has mail, empty"),
            ({"task": "empty", "text": "x"}, "`sftsec retrain empty` trains one"),
            ({"task": TASK}, "there is nothing to score: give text, or fields"),
            ({"task": TASK, "fields": '{"verdict": "malicious"}'}, "there is nothing to score"),
            (
                {"task": TASK, "fields": '{"src": "10.0.0.1"}'},
                "not scored: no field that the task reads",
            ),
            ({"task": TASK, "fields": "src=10.0.0.1"}, "fields must be a JSON object"),
            ({"task": TASK, "fields": '["a"]'}, "fields must be a JSON object"),
            ({"task": TASK, "fields": '{"a":' * 30 + "1" + "}" * 30}, "of 20 levels at most"),
        ],
    )
    def test_a_failed_score_is_one_line(
        self, bench: Bench, params: dict[str, str], said: str
    ) -> None:
        message = refused(bench.run("score_event", **params))
        assert said in message
        assert message.startswith("Action failure in score event: ")

    @pytest.mark.parametrize(("action", "params"), ACTIONS)
    def test_a_wrong_token_is_not_shown(
        self, bench: Bench, action: str, params: dict[str, str]
    ) -> None:
        wrong = {"service_token": "not-a-token-of-this-service"}
        message = refused(bench.run(action, wrong, **params))
        assert "401: the token is refused: check the asset" in message

    @pytest.mark.parametrize(("action", "params"), ACTIONS)
    def test_an_absent_service_is_named(
        self, bench: Bench, action: str, params: dict[str, str]
    ) -> None:
        url = f"https://127.0.0.1:{closed_port()}"
        message = refused(bench.run(action, {"service_url": url}, **params))
        assert f"the scoring service at {url} cannot be reached" in message

    def test_another_authority_is_not_trusted(self, bench: Bench, splunk: Splunkd) -> None:
        assert splunk.ca_file is not None
        for other in (Path(splunk.ca_file).read_text(), None):  # None: what the system trusts
            message = refused(bench.run("get_report", {"service_ca": other}))
            assert "the certificate of the scoring service" in message
            assert "is not trusted" in message

    @pytest.mark.parametrize(
        ("setting", "value", "said"),
        [
            ("service_url", "http://127.0.0.1:8765", "must be https://host:port"),
            ("service_url", "https://u:p@host:1", "must be https://host:port"),
            ("service_url", "host:8765", "must be https://host:port"),
            ("service_url", "https://[", "must be https://host:port"),
            ("service_url", "https://host:99999", "must be https://host:port"),
            ("service_token", "two words", "token of the scoring service is missing or unusable"),
            ("service_ca", "/etc/ca.pem", "is no PEM"),
            ("service_ca", "-----BEGIN CERTIFICATE-----\nAAAA\n", "cannot be read"),
            ("timeout", 0, "must be more than 0 seconds"),
        ],
    )
    def test_an_unusable_setting_is_named(
        self, bench: Bench, setting: str, value: Any, said: str
    ) -> None:
        assert said in refused(bench.run("test_connectivity", {setting: value}))

    @pytest.mark.parametrize("wrong", [{"timeout": "soon"}, {"service_url": None}])
    def test_a_wrong_asset_shows_no_secret(self, bench: Bench, wrong: dict[str, Any]) -> None:
        """The SDK checks it before the action begins, and SOAR shows its words."""
        bench.asset["splunk_token"] = "a-token-of-splunk"
        with pytest.raises(AssertionError, match="validation error") as told:
            bench.run("get_report", wrong)
        output = str(told.value)
        assert next(iter(wrong)) in output
        assert "input_value" not in output  # of a setting that is missing, all those that are there
        assert TOKEN[:8] not in output
        assert "a-token" not in output
