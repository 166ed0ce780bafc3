"""Models, runs and verdicts over HTTP: pages, figures, roles and wrong requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
import pytest

from sftsec_core.operations.add_token import add_token
from sftsec_core.operations.change_schedules import add_schedule
from sftsec_core.operations.list_runs import list_runs
from sftsec_core.operations.score import score
from sftsec_core.server.endpoint import Endpoint
from tests.core.server.site import TASK, Client, Reply, Site, running

GIVEN = {"incident": "7", "label": "malicious"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with three models, three runs, and a connector that keeps verdicts."""
    made = Site.live_model(tmp_path_factory.mktemp("site"), siem={"verdicts": "verdicts.jsonl"})
    for seed in (1, 2):
        made.register(seed)
    for _ in range(3):
        score(made.context, TASK, rescan=True)
    yield made
    made.context.close()


@pytest.fixture(scope="module")
def scorer(site: Site) -> Iterator[Client]:
    with running(Endpoint(site.context, site.settings())) as made:
        yield made


def with_role(site: Site, client: Client, name: str, role: str, *tasks: str) -> Client:
    return replace(client, token=add_token(site.context, name, (role,), tasks=tasks).token)


@pytest.fixture(scope="module")
def viewer(site: Site, scorer: Client) -> Client:
    return with_role(site, scorer, "vic", "viewer")


@pytest.fixture(scope="module")
def analyst(site: Site, scorer: Client) -> Client:
    return with_role(site, scorer, "ann", "analyst")


def pages(client: Client, path: str, name: str, limit: int) -> list[list[dict[str, Any]]]:
    """Follow the cursors to the end."""
    found, cursor = [], ""
    while True:
        after = f"&cursor={cursor}" if cursor else ""
        body = client.get(f"{path}?limit={limit}{after}").json
        found.append(body[name])
        cursor = body["cursor"]
        if cursor is None:
            return found


class TestModels:
    def test_are_listed_with_their_aliases(self, site: Site, viewer: Client) -> None:
        reply = viewer.get(f"/v1/models?task={TASK}")
        live = site.context.registry.live(TASK)
        assert live is not None
        found = {each["digest"]: each for each in reply.json["models"]}
        assert len(found) == 3
        assert found[live.digest]["aliases"] == ["live"]
        assert found[live.digest]["run"] == "run-0"
        assert str(site.folder) not in reply.raw.decode()

    def test_come_in_pages_without_repeats(self, viewer: Client) -> None:
        found = pages(viewer, "/v1/models", "models", 2)
        assert [len(page) for page in found] == [2, 1]
        assert [each for page in found for each in page] == viewer.get("/v1/models").json["models"]


class TestRuns:
    def test_come_in_pages_newest_first(self, site: Site, viewer: Client) -> None:
        found = pages(viewer, "/v1/runs", "runs", 1)
        assert [len(page) for page in found] == [1, 1, 1]
        names = [each["run"] for page in found for each in page]
        assert names == [each.info.id for each in list_runs(site.context)]
        assert {each["status"] for page in found for each in page} == {"succeeded"}

    def test_one_is_shown_with_figures(self, viewer: Client) -> None:
        newest = viewer.get("/v1/runs?limit=1").json["runs"][0]
        shown = viewer.get(f"/v1/runs/{newest['run']}").json
        assert shown == {"run": newest, "figures": {}}


class TestSchedules:
    def test_say_when_they_run_and_why(self, site: Site, scorer: Client, viewer: Client) -> None:
        nightly = {"run": "retrain", "task": TASK, "when": {"cron": "0 2 * * *"}}
        add_schedule(site.context, "nightly", nightly)
        (shown,) = viewer.get("/v1/schedules").json["schedules"]
        assert (shown["schedule"], shown["run"], shown["task"]) == ("nightly", "retrain", TASK)
        assert (shown["paused"], shown["due"]) == (False, False)
        assert datetime.fromisoformat(shown["starts_at"]).hour == 2
        assert shown["reason"] == "its time has not come"
        other = with_role(site, scorer, "mallory", "viewer", "empty")
        assert other.get("/v1/schedules").json == {"schedules": []}


class TestVerdicts:
    def test_are_of_the_owner(self, site: Site, analyst: Client) -> None:
        body = {"task": TASK, "verdicts": [{"incident": "7", "label": "malicious", "reason": "it"}]}
        reply = analyst.call("POST", "/v1/verdicts", orjson.dumps(body))
        assert (reply.status, reply.json) == (200, {"connector": "siem", "read": 1, "added": 1})
        lines = (site.folder / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
        assert [orjson.loads(line)["analyst"] for line in lines] == ["ann"]
        entry = site.context.store.audit.tail(1)[0]
        assert (entry.action, entry.actor) == ("labels.added", "ann")

    @pytest.mark.parametrize(
        ("body", "status", "told"),
        [
            ({"task": "mial", "verdicts": [GIVEN]}, 404, "'mail'"),
            ({"task": TASK, "verdicts": [{**GIVEN, "label": "malicius"}]}, 404, "malicious"),
            ({"task": TASK, "verdicts": []}, 422, "verdicts"),
            ({"task": TASK, "verdicts": [{**GIVEN, "incident": 7}]}, 422, "incident"),
            ({"task": TASK, "connector": "sime", "verdicts": [GIVEN]}, 404, "mean 'siem'"),
            ({"task": TASK, "analyst": "bob", "verdicts": [GIVEN]}, 422, "not permitted"),
        ],
    )
    def test_wrong_ones_are_refused_in_a_line(
        self, analyst: Client, body: dict[str, Any], status: int, told: str
    ) -> None:
        reply = analyst.call("POST", "/v1/verdicts", orjson.dumps(body))
        assert reply.status == status
        assert told in reply.detail


class TestRoles:
    @pytest.mark.parametrize("path", ["/v1/models", "/v1/runs", "/v1/runs/2", "/v1/schedules"])
    def test_a_scorer_sees_no_state(self, scorer: Client, path: str) -> None:
        assert scorer.get(path).status == 403
        assert replace(scorer, token=None).get(path).status == 401

    def test_a_viewer_gives_no_verdict(self, viewer: Client) -> None:
        body = {"task": TASK, "verdicts": [GIVEN]}
        assert viewer.call("POST", "/v1/verdicts", orjson.dumps(body)).status == 403

    def test_of_another_task_see_nothing(self, site: Site, scorer: Client) -> None:
        other = with_role(site, scorer, "eve", "viewer", "empty")
        assert other.get("/v1/models").json == {"models": [], "cursor": None}
        assert other.get(f"/v1/models?task={TASK}").status == 403
        assert other.get("/v1/runs").json["runs"] == []


class TestWrongQueries:
    @pytest.mark.parametrize(
        ("query", "status", "told"),
        [
            ("models?limit=x", 422, "limit: must be a whole number"),
            ("models?cursor=gone", 404, "start without one"),
            ("models?task=mial", 404, "did you mean 'mail'"),
            ("runs?task=mial", 404, "did you mean 'mail'"),
            ("runs/no-such-run", 404, "no-such-run"),
        ],
    )
    def test_say_what_is_wrong(self, viewer: Client, query: str, status: int, told: str) -> None:
        reply: Reply = viewer.get(f"/v1/{query}")
        assert (reply.status, told in reply.detail) == (status, True)
