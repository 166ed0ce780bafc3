"""The endpoint's answers: those of `sftsec score`, one an event, in their order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sftsec_core.api.domain import Incident
from sftsec_core.dataset.steps import build_steps
from sftsec_core.operations.score import score
from sftsec_core.testing.incidents import make_incidents
from tests.core.server.site import LABELS, TASK, Client, Site


def events(count: int = 120) -> list[dict[str, Any]]:
    made = make_incidents(count, seed=5, labelled=0.0)
    return [{"id": each.uid, "fields": dict(each.fields)} for each in made]


def test_the_detections_are_those_that_score_pushes(site: Site, client: Client) -> None:
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
        assert reply.json["model"]["digest"] == line["sftsec.model.digest"]


def test_every_event_has_its_result_in_the_order_of_the_events(client: Client) -> None:
    asked = events(50)
    results = client.score(asked).results
    assert [each["id"] for each in results] == [each["id"] for each in asked]
    for each in results:
        assert each["label"] in LABELS
        assert each["error"] is each["reason"] is None
        assert each["detection"] == (each["label"] == "malicious") == (each["probability"] >= 0.5)
        classes = {one["label"]: one["probability"] for one in each["top_classes"]}
        assert set(classes) == set(LABELS)
        assert classes["malicious"] == pytest.approx(each["probability"])


def test_the_answer_names_the_task_the_model_and_the_threshold(site: Site, client: Client) -> None:
    live = site.context.registry.live(TASK)
    assert live is not None
    answer = client.text("click").json
    assert answer["task"] == TASK
    assert answer["model"] == {"digest": live.digest, "recipe": "linear"}
    assert answer["threshold"] == 0.5


def test_no_event_is_no_error(client: Client) -> None:
    assert client.score([]).results == []


def test_an_event_without_text_has_an_error_and_the_others_their_answers(client: Client) -> None:
    texts: list[Any] = ["click", "", None, " \n "]
    given = [{"id": n, "fields": {"message": text}} for n, text in enumerate(texts)]
    results = client.score([*given, {"id": "none", "fields": {"other": "click"}}]).results
    assert [each["id"] for each in results] == [0, 1, 2, 3, "none"]
    assert results[0]["label"] is not None
    for each in results[1:]:
        assert each["error"] == "there is no text in the fields that the task reads"
        assert each["label"] is each["probability"] is None
        assert each["detection"] is False


def test_events_of_one_id_or_none_keep_their_places(client: Client) -> None:
    bad, good = "click password urgent verify", "lunch meeting agenda report"
    ids = ["a", "a", None, 7, "7", "event 2", None, "a"]
    texts = [bad, good, bad, good, bad, good, good, bad]
    given = [{"id": one, "fields": {"message": text}} for one, text in zip(ids, texts, strict=True)]
    results = client.score(given).results
    assert [each["id"] for each in results] == ids
    assert [each["detection"] for each in results] == [text is bad for text in texts]


def test_nested_and_dotted_fields_are_read_alike(client: Client) -> None:
    nested = {"fields": {"email": {"subject": "urgent prize"}, "message": "click"}}
    dotted = {"fields": {"email.subject": "urgent prize", "message": "click"}}
    first, second = client.score([nested, dotted]).results
    assert first == second
    assert first["label"] is not None


def test_personal_data_is_redacted_before_the_model_reads_it(site: Site, client: Client) -> None:
    text = "urgent verify the account of anna@shop.example"
    work = site.context
    steps = build_steps(work.task(TASK), work.plugins, work.step_context(TASK))
    (clean,) = steps([Incident("1", {"message": text})])
    redacted = str(clean.fields["message"])
    assert "<EMAIL:" in redacted
    live = work.registry.live(TASK)
    assert live is not None
    unlike, like = work.registry.load(live).model.predict_proba([text, redacted])
    assert unlike[1] != like[1]
    first, second = client.text(text, redacted).results
    assert first["probability"] == second["probability"]


def test_half_a_surrogate_in_one_event_leaves_the_others_alone(client: Client) -> None:
    body = (
        b'{"task": "mail", "events": [{"id": "\\ud800", "fields": {"message": "click \\udc00"}},'
        b' {"id": "b", "fields": {"message": "click \xff"}}, {"fields": {"message": "click"}}]}'
    )
    results = client.call("POST", "/v1/score", body).results
    assert [each["id"] for each in results] == ["?", "b", None]
    assert all(each["label"] is not None for each in results)


def test_an_event_nested_too_deep_has_an_error_of_its_own(client: Client) -> None:
    deep: dict[str, Any] = {"message": "click"}
    for _ in range(40):
        deep = {"a": deep}
    results = client.score([{"fields": deep}, {"fields": {"message": "click"}}]).results
    assert "nest deeper" in results[0]["error"]
    assert results[1]["error"] is None


def test_the_tasks_say_what_answers(site: Site, client: Client) -> None:
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


def test_several_requests_share_a_connection(client: Client) -> None:
    connection = client.connect()
    bearer = {"Authorization": f"Bearer {client.token}"}
    for _ in range(3):
        connection.request("GET", "/v1/tasks", headers=bearer)
        answer = connection.getresponse()
        assert (answer.status, len(json.loads(answer.read())["tasks"])) == (200, 2)
    connection.close()


def test_it_describes_itself_only_when_it_is_asked_to(site: Site, client: Client) -> None:
    described = client.get("/openapi.json").json
    assert set(described["paths"]) == {"/v1/score", "/v1/tasks", "/healthz", "/readyz"}
    body = described["paths"]["/v1/score"]["post"]["requestBody"]["content"]["application/json"]
    assert set(body["schema"]["required"]) == {"task", "events"}
    assert client.get("/docs").status == 404
