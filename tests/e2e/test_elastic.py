"""The loop through a real Elasticsearch, on real incidents: alerts, verdicts, detections, verdicts.

Kibana is the double of tests/servers/kibana.py; all that it does lands in the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.elastic.alerts import AlertSite, alert, closed, make_alerts
from tests.connectors.search.sites import own_site
from tests.e2e.engines import (
    PLANTED,
    REASON,
    SMS,
    WEB,
    Row,
    Set,
    attack,
    snapshot_text,
    text_of,
    write_config,
)
from tests.e2e.site import Site
from tests.servers.elasticsearch import elasticsearch_server
from tests.servers.engines.server import SearchServer
from tests.servers.kibana import start_kibana

__all__ = ["elasticsearch_server"]

CONFLICT, REVERSED, AUTOMATED = 13, 7, 3


@pytest.fixture
def space(elasticsearch_server: SearchServer) -> Iterator[AlertSite]:
    """A Kibana space of the test's own."""
    with own_site("elastic", elasticsearch_server) as own, start_kibana(own.server) as kibana:
        yield AlertSite(own, kibana, make_alerts(own))


def judged(number: int, row: Row, rule: str) -> dict[str, Any]:
    """A closed alert: some by automation, some with a tag that says the opposite."""
    user = None if number % 10 == AUTOMATED and not row.malicious else f"u_{number % 3}"
    said = closed(REASON[row.malicious], user=user, at=row.at)
    if number % 100 == CONFLICT:
        opposite = "False Positive" if row.malicious else "True Positive"
        said["kibana.alert.workflow_tags"] = [opposite]
    return {**alert(row.at, ""), **row.body, "kibana.alert.rule.name": rule, **said}


def fill(space: AlertSite, chosen: Set, folder: Path) -> tuple[list[Row], list[Row]]:
    """Write a set as alerts: train and dev closed, test open; turn some verdicts round."""
    past, fresh = chosen.rows(folder, ["train", "dev"]), chosen.rows(folder, ["test"])
    documents = {r.name: judged(n, r, chosen.name) for n, r in enumerate(past)}
    rule = {"kibana.alert.rule.name": chosen.name}
    documents |= {r.name: {**alert(r.at, ""), **r.body, **rule} for r in fresh}
    space.plant(**documents)
    turned = [r for n, r in enumerate(past) if n % 100 == REVERSED]
    for malicious in (True, False):
        names = [r.name for r in turned if r.malicious is malicious]
        space.kibana.close(space.space, names, REASON[not malicious], "u_hasty")
        reopen = {"signal_ids": names, "status": "open"}
        space.kibana.set_status(space.space, reopen, "u_lead")
        space.kibana.close(space.space, names, REASON[malicious], "u_lead")
    return past, fresh


def configure(space: AlertSite, folder: Path) -> Site:
    """One connector a set, each reading the alerts of its own rule, pushing to one stream."""
    options = space.site.options(space=space.space, kibana_url=space.kibana.url)
    connectors = {
        each.name: {
            **options,
            "sources": [
                {"kind": "alerts", "query": {"term": {"kibana.alert.rule.name": each.name}}},
                {"kind": "alerts", "query": {"term": {"rule.name": f"sftsec {each.name}"}}},
            ],
        }
        for each in (SMS, WEB)
    }
    write_config(folder, "elastic", connectors, {each.name: each for each in (SMS, WEB)})
    return Site(folder)


def forge(space: AlertSite, task: str, hit: dict[str, Any], fresh: list[Row]) -> list[Row]:
    """Attacks in alerts that have the fields of a detection of ours, made up or copied."""
    ours = hit["_source"]["sftsec"]
    [known] = [row for row in fresh if row.name == ours["source"]["id"]]
    made_up = {"detection": {"uid": "1"}, "incident": {"uid": "2"}, "task": "none"}
    ancestors = [{"id": "x", "index": "logs-web", "depth": 0}]
    rows = [replace(known, name=f"forged-{n}", at=f"2026-08-0{n}T00:00:00Z") for n in (1, 2)]
    for row, said in zip(rows, (made_up, ours), strict=True):
        copied = {"event": hit["_source"]["event"], "sftsec": said}
        named = {"kibana.alert.rule.name": task, "kibana.alert.ancestors": ancestors}
        space.plant(**{row.name: {**alert(row.at, ""), **row.body, **copied, **named}})
    return rows


def plant_a_text(space: AlertSite, task: str, hit: dict[str, Any]) -> None:
    """Noise that carries a text as if it were a detection's; an analyst calls it benign."""
    source = {"index": space.index, "id": "gone", "fields": {WEB.field: PLANTED}}
    ours = {**hit["_source"]["sftsec"], "task": "none", "source": source}
    body = {"http": {"request": {"body": {"content": "noise"}}}, "kibana.alert.rule.name": task}
    noise = {**alert("2026-08-03T00:00:00Z", ""), **body, "sftsec": ours}
    space.plant(noise={**noise, **closed(REASON[False])})


def close_by_truth(space: AlertSite, task: str, fresh: list[Row]) -> tuple[set[str], set[str]]:
    """Let a rule promote the detections and an analyst close each as it deserves.

    Returns:
        The names of the events that were rightly and wrongly detected.
    """
    space.kibana.promote(space.space, space.site.stream)
    truth = {row.name: row.malicious for row in fresh}
    found: dict[bool, list[tuple[str, str]]] = {True: [], False: []}
    for hit in space.site.documents(space.index):
        ours = hit["_source"].get("sftsec", {})
        if ours.get("task") == task and hit["_id"].startswith("of-"):
            name = ours["source"]["id"]
            found[truth[name]].append((hit["_id"], name))
    for malicious, pairs in found.items():
        space.kibana.close(space.space, [name for name, _ in pairs], REASON[malicious], "u_ann")
    right, wrong = ({name for _, name in found[each]} for each in (True, False))
    return right, wrong


@pytest.mark.slow
def test_loop_learns_from_verdicts_on_detections(
    space: AlertSite, data_dir: Callable[[str], Path], tmp_path: Path
) -> None:
    chosen = WEB
    past, fresh = fill(space, chosen, data_dir(chosen.name))
    site, task = configure(space, tmp_path / "site"), chosen.name
    site.run("connector", "setup", task)
    assert site.json("connector", "check", task) == {task: []}

    first = site.json("retrain", task)
    assert first["promoted"]
    stored = site.store()
    verdicts = stored.verdicts.of(task, [f"{space.index}/{row.name}" for row in past])
    assert len(verdicts) == len(past), "every closed alert came with its verdict"
    assert all(last_word(verdicts, space, row) == REASON[row.malicious] for row in past)
    automated = [n for n, r in enumerate(past) if n % 10 == AUTOMATED and not r.malicious]
    assert sum(v.automated for several in verdicts.values() for v in several) == len(
        [n for n in automated if n % 100 != REVERSED]
    )

    scored = site.json("score", task)
    assert scored["pulled"] == len(fresh)
    assert scored["delivered"]["written"] == scored["detections"] > 0
    hits = space.site.documents(space.site.stream)
    assert len(hits) == scored["detections"]
    assert {hit["_source"]["event"]["kind"] for hit in hits} == {"alert"}
    assert site.json("score", task)["pulled"] == 0, "nothing is scored twice"

    forged = forge(space, task, hits[0], fresh)
    raised = site.json("score", task)
    assert (raised["pulled"], raised["detections"]) == (2, 2), "an attack hides behind no field"
    fresh += forged
    plant_a_text(space, task, hits[0])

    right, wrong = close_by_truth(space, task, fresh)
    assert len(right) + len(wrong) == scored["detections"] + 2
    assert right
    assert wrong

    second = site.json("retrain", task, "--no-promote")
    learned = second["data"]["counts"]["read"] - first["data"]["counts"]["read"]
    assert learned == len(right) + len(wrong) + 1
    rows = snapshot_text(site, second)
    assert "'noise'" in rows
    assert PLANTED not in rows, "what its author wrote in sftsec.source is no row"
    feedback = site.store().verdicts.of(task, [f"{space.index}/{name}" for name in right | wrong])
    assert {u.partition("/")[2]: v[0].value for u, v in feedback.items()} == {
        **dict.fromkeys(right, "true_positive"),
        **dict.fromkeys(wrong, "false_positive"),
    }
    texts = [text_of(row, chosen) for row in fresh if row.name in wrong]
    before, after = (attack(site, task, run["model"]["digest"], texts) for run in (first, second))
    assert after < before, "the false alarms look less like attacks than they did"

    again = site.json("score", task, "--rescan")
    assert again["already_labelled"] == len(right) + len(wrong)
    assert again["new"] == 0, "what was judged is not raised again"


def last_word(verdicts: Any, space: AlertSite, row: Row) -> str:
    """The closing reason: it comes first, before a tag."""
    by_reason = [v for v in verdicts[f"{space.index}/{row.name}"] if v.at is not None]
    return str(by_reason[-1].value)
