"""The routes: scores as `sftsec score` computes them, the tasks, and rejected requests."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from sftsec_core.api.domain import Batch, Incident
from sftsec_core.dataset.steps import build_steps
from sftsec_core.operations.add_token import add_token
from sftsec_core.operations.score import score
from sftsec_core.sdk.portable import detection_id
from sftsec_core.testing.incidents import make_incidents
from tests.core.server.site import LABELS, TASK, TOKEN, Client, Site

SECRET = "winter-is-coming-4711"


def events(count: int = 120) -> list[dict[str, Any]]:
    made = make_incidents(count, seed=5, labelled=0.0)
    return [{"id": each.uid, "fields": dict(each.fields)} for each in made]


class TestScore:
    def test_detections_are_those_that_score_pushes(self, site: Site, client: Client) -> None:
        reply = client.score(events())
        found = {each["id"]: each for each in reply.results if each["detection"]}
        score(site.context, TASK, rescan=True)
        lines = (site.folder / "detections.jsonl").read_text(encoding="utf-8").splitlines()
        pushed = {line["sftsec.incident.uid"]: line for line in map(json.loads, lines)}
        assert set(found) == set(pushed)
        assert 10 < len(found) < 110
        for uid, line in pushed.items():
            one = found[uid]
            assert one["label"] == line["sftsec.label"]
            assert one["probability"] == line["sftsec.probability"]
            assert one["top_classes"] == line["sftsec.top_classes"]
            assert reply.json["threshold"] == line["sftsec.threshold"]
            digest = reply.json["model"]["digest"]
            assert digest == line["sftsec.model.digest"]
            made = detection_id(digest, uid, one["inputs_digest"])
            assert made == line["sftsec.detection.uid"]

    def test_results_are_in_the_order_of_events(self, client: Client) -> None:
        asked = events(50)
        results = client.score(asked).results
        assert [each["id"] for each in results] == [each["id"] for each in asked]
        for each in results:
            assert each["label"] in LABELS
            assert each["error"] is each["reason"] is None
            assert (
                each["detection"] == (each["label"] == "malicious") == (each["probability"] >= 0.5)
            )
            assert each["action"] == ("alert" if each["detection"] else "dismiss")
            assert each["labels"] == [each["label"]]
            classes = {one["label"]: one["probability"] for one in each["top_classes"]}
            assert set(classes) == set(LABELS)
            assert classes["malicious"] == pytest.approx(each["probability"])

    def test_names_task_model_and_threshold(self, site: Site, client: Client) -> None:
        live = site.context.registry.live(TASK)
        assert live is not None
        answer = client.text("click").json
        assert answer["task"] == TASK
        assert answer["model"] == {"digest": live.digest, "recipe": "linear"}
        assert answer["threshold"] == 0.5

    def test_an_empty_batch_is_no_error(self, client: Client) -> None:
        assert client.score([]).results == []

    def test_an_event_without_text_has_an_error(self, client: Client) -> None:
        texts: list[Any] = ["click", "", None, " \n "]
        given = [{"id": n, "fields": {"message": text}} for n, text in enumerate(texts)]
        results = client.score([*given, {"id": "none", "fields": {"other": "click"}}]).results
        assert [each["id"] for each in results] == [0, 1, 2, 3, "none"]
        assert results[0]["label"] is not None
        for each in results[1:]:
            assert each["error"] == "no field that the task reads has a value"
            assert each["label"] is each["probability"] is None
            assert each["detection"] is False

    def test_events_may_share_an_id(self, client: Client) -> None:
        bad, good = "click password urgent verify", "lunch meeting agenda report"
        ids = ["a", "a", None, 7, "7", "event 2", None, "a"]
        texts = [bad, good, bad, good, bad, good, good, bad]
        given = [
            {"id": one, "fields": {"message": text}} for one, text in zip(ids, texts, strict=True)
        ]
        results = client.score(given).results
        assert [each["id"] for each in results] == ids
        assert [each["detection"] for each in results] == [text is bad for text in texts]

    def test_nested_and_dotted_fields_are_equal(self, client: Client) -> None:
        nested = {"fields": {"email": {"subject": "urgent prize"}, "message": "click"}}
        dotted = {"fields": {"email.subject": "urgent prize", "message": "click"}}
        first, second = client.score([nested, dotted]).results
        assert first == second
        assert first["label"] is not None

    def test_personal_data_is_redacted_before_scoring(self, site: Site, client: Client) -> None:
        text = "urgent verify the account of anna@shop.example"
        work = site.context
        steps = build_steps(work.task(TASK), work.plugins, work.step_context(TASK))
        (clean,) = steps([Incident("1", {"message": text})])
        redacted = str(clean.fields["message"])
        assert "<EMAIL:" in redacted
        live = work.registry.live(TASK)
        assert live is not None
        unlike, like = work.registry.load(live).model.predict_proba(
            Batch.of_texts([text, redacted])
        )
        assert unlike[1] != like[1]
        first, second = client.text(text, redacted).results
        assert first["probability"] == second["probability"]

    def test_half_a_surrogate_spoils_no_other_event(self, client: Client) -> None:
        body = (
            b'{"task": "mail", "events": [{"id": "\\ud800", "fields": {"message": "click \\udc00"}}'
            b', {"id": "b", "fields": {"message": "click \xff"}}'
            b', {"fields": {"message": "click"}}]}'
        )
        results = client.call("POST", "/v1/score", body).results
        assert [each["id"] for each in results] == ["?", "b", None]
        assert all(each["label"] is not None for each in results)

    def test_too_deep_event_has_an_error(self, client: Client) -> None:
        deep: dict[str, Any] = {"message": "click"}
        for _ in range(40):
            deep = {"a": deep}
        results = client.score([{"fields": deep}, {"fields": {"message": "click"}}]).results
        assert "nest deeper" in results[0]["error"]
        assert results[1]["error"] is None

    @pytest.mark.parametrize(
        ("odd", "event_id", "told"),
        [
            (
                b'{"id": 12345678901234567890, "fields": {"message": "click"}}',
                12345678901234567890,
                None,
            ),
            (
                b'{"id": 123456789012345678901, "fields": {"message": "click"}}',
                "123456789012345678901",
                None,
            ),
            (b'{"id": 1, "fields": {"message": %b}}' % (b"7" * 5000), 1, None),
            (
                b'{"id": 1, "fields": {"message": ["click \\udc00", 123456789012345678901]}}',
                1,
                None,
            ),
            (b'{"id": 1, "fields": {"message": 1e999}}', 1, None),
            (
                b'{"id": 1, "fields": {"message": %b}}' % (b"[" * 30_000 + b"]" * 30_000),
                1,
                "its fields nest deeper than 20 levels",
            ),
            (b'{"id": %b}' % (b"[" * 3000 + b"]" * 3000), None, "id: must be a string"),
            (
                b'{"id": 1, "fields": {"a\\ud800": {"b": 1}, "a\\ud800.b": 2, "message": "x"}}',
                1,
                "'a?.b' is there twice",
            ),
            (b'"click"', None, "the event: must be an object"),
            (b'{"id": 1}', 1, "fields: is required"),
        ],
    )
    def test_odd_event_spoils_no_other(
        self, client: Client, odd: bytes, event_id: str | int | None, told: str | None
    ) -> None:
        good = b'{"id": "good", "fields": {"message": "urgent prize click"}}'
        body = b'{"task": "mail", "events": [%b, %b, %b]}' % (good, odd, good)
        reply = client.call("POST", "/v1/score", body)
        first, result, last = reply.results
        assert first == last == client.text("urgent prize click").results[0] | {"id": "good"}
        assert result["id"] == event_id
        if told is None:
            assert result["error"] is None
        else:
            assert told in result["error"]
        failed = int(told is not None)
        assert reply.json["counts"] == {"events": 3, "scored": 3 - failed, "failed": failed}

    def test_large_body_is_read_aside(self, client: Client) -> None:
        texts = ["click " + "x" * 500] * 150
        assert all(each["label"] for each in client.text(*texts).results)


class TestTasks:
    def test_lists_each_task_with_its_model(self, site: Site, client: Client) -> None:
        live = site.context.registry.live(TASK)
        assert live is not None
        found = {each["task"]: each for each in client.get("/v1/tasks").json["tasks"]}
        assert found[TASK] == {
            "task": TASK,
            "status": "ready",
            "labels": ["benign", "malicious"],
            "benign": "benign",
            "text_fields": ["email.subject", "message"],
            "model": {"digest": live.digest, "recipe": "linear"},
            "threshold": 0.5,
            "error": None,
        }
        assert (found["empty"]["status"], found["empty"]["model"]) == ("none", None)

    def test_several_requests_share_a_connection(self, client: Client) -> None:
        connection = client.connect()
        bearer = {"Authorization": f"Bearer {client.token}"}
        for _ in range(3):
            connection.request("GET", "/v1/tasks", headers=bearer)
            answer = connection.getresponse()
            assert (answer.status, len(json.loads(answer.read())["tasks"])) == (200, 2)
        connection.close()

    def test_the_schema_is_served_on_demand(self, site: Site, client: Client) -> None:
        described = client.get("/openapi.json").json
        scoring = {path for path in described["paths"] if not path.startswith("/v1/labels/")}
        health = {"/healthz", "/readyz", "/metrics"}
        state = {"/v1/models", "/v1/runs", "/v1/runs/{run}", "/v1/verdicts", "/v1/schedules"}
        assert scoring == {"/v1/score", "/v1/explain", "/v1/tasks", *health, *state}
        body = described["paths"]["/v1/score"]["post"]["requestBody"]["content"]["application/json"]
        assert set(body["schema"]["required"]) == {"task", "events"}
        assert client.get("/docs").status == 404

    def test_the_schema_resolves_and_declares_statuses(self, client: Client) -> None:
        described = client.get("/openapi.json").json
        references = set(re.findall(r'"\$ref": ?"#([^"]+)"', json.dumps(described)))
        assert any("ScoreEvent" in each for each in references)
        for each in references:
            place = described
            for step in each.split("/")[1:]:
                place = place[step.replace("~1", "/").replace("~0", "~")]
        declared = described["paths"]["/v1/score"]["post"]["responses"]
        sent = {
            "200",
            "400",
            "401",
            "403",
            "404",
            "408",
            "409",
            "413",
            "415",
            "422",
            "429",
            "500",
            "503",
        }
        assert set(declared) == sent
        assert "401" in described["paths"]["/v1/tasks"]["get"]["responses"]


class TestDescription:
    def test_schemathesis_finds_nothing(self, site: Site, client: Client, tmp_path: Path) -> None:
        """It asks for what the description allows and forbids, the same in every run."""
        tool = Path(sys.executable).with_name("schemathesis")
        command = [str(tool), "run", f"{client.url}/openapi.json", "--generation-deterministic"]
        command += ["--max-examples", "15", "--phases", "coverage,fuzzing", "--no-color"]
        token = add_token(site.context, "all", ("scorer", "viewer", "analyst")).token
        command += ["-H", f"Authorization: Bearer {token}", f"--tls-verify={client.authority}"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"(\d+) selected / \1 total", done.stdout)
        tried = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
        assert tried is not None
        assert tried[1] == tried[2]
        assert int(tried[1]) > 50


class TestRejections:
    def test_an_unknown_task_suggests_a_known_one(self, client: Client) -> None:
        reply = client.text("click", task="mial")
        assert reply.status == 404
        assert "unknown task 'mial', did you mean 'mail'?" in reply.detail

    def test_a_task_without_a_model_names_retrain(self, client: Client) -> None:
        reply = client.text("click", task="empty")
        assert reply.status == 409
        assert "`sftsec retrain empty`" in reply.detail

    def test_body_is_bounded_without_length_too(
        self,
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

    def test_a_batch_is_bounded(self, client: Client) -> None:
        reply = client.text(*["click"] * 201)
        assert reply.status == 413
        assert "a batch may hold 200 events, this one holds 201" in reply.detail

    def test_another_shape_is_not_repeated(self, client: Client) -> None:
        body = orjson.dumps({"task": [SECRET], "events": [{"fields": SECRET}], SECRET: SECRET})
        reply = client.call("POST", "/v1/score", body)
        assert reply.status == 422
        assert "task: must be a task's name" in reply.detail
        event = client.call("POST", "/v1/score", b'{"task": "mail", "events": ["%b"]}' % b"winter")
        assert event.results[0]["error"] == "the event: must be an object"
        assert SECRET not in reply.raw.decode()

    def test_task_of_half_a_surrogate_is_unknown(self, client: Client) -> None:
        reply = client.call("POST", "/v1/score", b'{"task": "\\ud800", "events": []}')
        assert (reply.status, "unknown task '?'" in reply.detail) == (404, True)

    def test_a_body_must_be_json(self, client: Client) -> None:
        reply = client.call("POST", "/v1/score", SECRET.encode())
        assert reply.status == 400
        assert SECRET not in reply.detail

    def test_a_body_must_not_be_compressed(self, client: Client) -> None:
        reply = client.call("POST", "/v1/score", b"{}", **{"Content-Encoding": "gzip"})
        assert (reply.status, "content encoding" in reply.detail) == (415, True)

    def test_wrong_path_or_method_names_right_ones(self, client: Client) -> None:
        lost, wrong = client.get("/v2/score"), client.get("/v1/score")
        assert (lost.status, "/v1/score" in lost.detail) == (404, True)
        assert (wrong.status, wrong.headers["allow"]) == (405, "POST")
        assert "POST /v1/score" in wrong.detail
        assert client.get("/v1/tasks/").status == 404
