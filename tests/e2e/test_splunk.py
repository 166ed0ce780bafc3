"""The loop through a double of Splunk, on real incidents: dispositions, detections, verdicts.

The double is judged by Splunk's own SDK tests; see tests/servers/splunkd/README.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.packages.splunk import build_app
from tests.e2e.engines import (
    PLANTED,
    REASON,
    SMS,
    Row,
    Set,
    attack,
    snapshot_text,
    text_of,
    write_config,
)
from tests.e2e.site import Site
from tests.servers.splunkd.server import start_splunkd
from tests.servers.splunkd.state import Splunkd

URLS = Set("phishcrawl_urls", "url.full", "malicious")
CUSTOM = 7  # a disposition of the site's own: "Confirmed by the mail team"
REVERSED, CONFLICT, AUTOMATED = 7, 13, 3
HEC_TOKEN = "22222222-2222-2222-2222-222222222222"
ROBOT = "splunk-system-user"


@pytest.fixture
def splunk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Splunkd]:
    """A search head with Enterprise Security 7, our app, and a collector that acknowledges."""
    with start_splunkd(es=7) as splunk:
        splunk.install_app(build_app().unpack(tmp_path / "apps"))
        splunk.add_index("sftsec")
        splunk.add_hec_token("sftsec", HEC_TOKEN, index="sftsec", indexes="sftsec", useACK="1")
        splunk.add_disposition(CUSTOM, "Confirmed by the mail team")
        monkeypatch.setenv("SPLUNK_PASSWORD", splunk.password)
        monkeypatch.setenv("SPLUNK_HEC_TOKEN", HEC_TOKEN)
        yield splunk


def seconds(row: Row) -> float:
    return datetime.fromisoformat(row.at).timestamp()


def disposition(number: int, malicious: bool) -> str:
    kinds = (1, CUSTOM) if malicious else (2, 3, 4)
    return f"disposition:{kinds[number % len(kinds)]}"


def fill(splunk: Splunkd, chosen: Set, past: Sequence[Row], fresh: Sequence[Row]) -> dict[str, Row]:
    """Write rows as notables; judge those of the past.

    Some are judged wrongly and then again, some twice at odds, some by automation.

    Returns:
        What each event_id is.
    """
    named: dict[str, Row] = {}
    for row in [*past, *fresh]:
        fields = {"search_name": chosen.name, "text": text_of(row, chosen)}
        named[splunk.add_notable(fields, at=seconds(row))] = row
    for number, (name, row) in enumerate(list(named.items())[: len(past)]):
        who = f"analyst{number % 3}"
        if number % 100 == REVERSED:
            wrong = disposition(number, not row.malicious)
            splunk.review(name, user="hasty", status="5", disposition=wrong)
        if number % 10 == AUTOMATED and not row.malicious:
            who = ROBOT
        right = disposition(number, row.malicious)
        splunk.review(name, user=who, status="5", disposition=right, comment="seen")
        if number % 100 == CONFLICT:
            wrong = disposition(number, not row.malicious)
            splunk.review(name, user="contrary", status="5", disposition=wrong)
    return named


def configure(splunk: Splunkd, chosen: Set, folder: Path, **hec: Any) -> Site:
    connector = {
        "url": splunk.url,
        "username": splunk.username,
        "password": "env:SPLUNK_PASSWORD",
        "ca_file": str(splunk.ca_file),
        "hec": {"url": splunk.hec_url, "token": "env:SPLUNK_HEC_TOKEN", **hec},
        "sources": [
            {
                "kind": "notables",
                "where": f'search_name="{chosen.name}"',
                "dispositions": {str(CUSTOM): "true_positive"},
            },
            {"kind": "verdicts"},
        ],
    }
    task = Set(chosen.name, "text", chosen.attack)
    write_config(folder, "splunk", {chosen.name: connector}, {chosen.name: task})
    return Site(folder)


def judge_in_the_app(splunk: Splunkd, detection: dict[str, Any], malicious: bool) -> None:
    """As the labelling page writes it."""
    verdict = {
        "_key": detection["detection_id"],
        "incident_uid": detection["incident_uid"],
        "detection_id": detection["detection_id"],
        "verdict": REASON[malicious],
        "analyst": "ann",
        "time": splunk.now(),
        "reason": "",
        "automated": False,
        "retracts": "",
        "source": "page",
        "task": detection["sftsec_task"],
        "event": json.dumps({n: v for n, v in detection.items() if not n.startswith("sftsec_")}),
        "event_time": detection["orig_time"],
    }
    splunk.collections["sftsec", "sftsec_verdicts"].insert("nobody", verdict)


def judge_as_a_notable(splunk: Splunkd, detection: dict[str, Any], malicious: bool) -> None:
    """Enterprise Security makes a notable of a detection, and an analyst closes that."""
    fields = {**detection, "search_name": detection["sftsec_task"]}
    name = splunk.add_notable(fields)
    splunk.review(name, user="ann", status="5", disposition=disposition(0, malicious))


def attacks_raised(
    site: Site, splunk: Splunkd, task: str, named: dict[str, Row]
) -> list[dict[str, Any]]:
    """Score attacks that have the fields of a detection, made up or copied.

    Beside them lies noise that carries a text as if it were a detection's, which an analyst has
    called benign.

    Returns:
        The detections of the attacks, which join `named`.
    """
    known = [json.loads(each.raw) for each in splunk.events("sftsec")]
    genuine, last = known[0], max(map(seconds, named.values()))
    made_up = {"detection_id": "1", "incident_uid": "2"}
    copies = ({**genuine, "incident_uid": "2"}, {**genuine, "orig_text": "something else"})
    attack = {"search_name": task, "text": genuine["orig_text"]}
    forged = [splunk.add_notable({**each, **attack}, at=last + 1) for each in (made_up, *copies)]
    noise = {**made_up, "orig_text": PLANTED, "text": "noise", "search_name": task}
    judged = splunk.add_notable(noise, at=last + 10)
    splunk.review(judged, user="ann", status="5", disposition=disposition(0, False))
    scored = site.json("score", task)
    assert (scored["pulled"], scored["detections"]) == (3, 3), "an attack hides behind no field"
    raised = [json.loads(each.raw) for each in splunk.events("sftsec")][len(known) :]
    assert sorted(each["incident_uid"] for each in raised) == sorted(forged)
    named |= dict.fromkeys(forged, named[genuine["incident_uid"]])
    return raised


def check_planted_text(site: Site, task: str, run: dict[str, Any]) -> None:
    """What an author wrote in `orig_text` is no row, nor is its event judged under another name."""
    rows = snapshot_text(site, run)
    assert "'noise'" in rows
    assert PLANTED not in rows
    assert site.store().verdicts.of(task, ["2"]) == {}


@pytest.mark.slow
def test_loop_learns_from_verdicts_on_detections(
    splunk: Splunkd, data_dir: Callable[[str], Path], tmp_path: Path
) -> None:
    chosen = URLS
    data = data_dir(chosen.name)
    past, fresh = chosen.rows(data, ["train"], 1500), chosen.rows(data, ["test"], 500)
    named = fill(splunk, chosen, past, fresh)
    site, task = configure(splunk, chosen, tmp_path / "site"), chosen.name
    assert site.json("connector", "check", task) == {task: []}

    first = site.json("retrain", task)
    assert first["promoted"]
    judged = list(named)[: len(past)]
    verdicts = site.store().verdicts.of(task, judged)
    assert len(verdicts) == len(past), "every reviewed notable came with its verdict"
    by_contrary = {v.analyst: v for several in verdicts.values() for v in several}["contrary"]
    assert by_contrary.value in {"true_positive", "false_positive", "benign_positive"}
    histories = [verdicts[name] for number, name in enumerate(judged) if number % 100 == REVERSED]
    assert {len(each) for each in histories} == {2}, "what was judged anew is there twice"
    assert {each[0].analyst for each in histories} == {"hasty"}
    automated = sum(v.automated for several in verdicts.values() for v in several)
    assert automated == sum(
        number % 10 == AUTOMATED and not row.malicious for number, row in enumerate(past)
    )

    scored = site.json("score", task)
    assert scored["pulled"] == len(fresh)
    assert scored["delivered"]["written"] == scored["detections"] > 0
    detections = [json.loads(each.raw) for each in splunk.events("sftsec")]
    assert len(detections) == len({each["detection_id"] for each in detections})
    assert len(detections) == scored["detections"]
    assert site.json("score", task)["pulled"] == 0, "nothing is scored twice"

    detections += attacks_raised(site, splunk, task, named)

    asked = site.json("labels", "request", task, "--limit", "5")
    assert asked["requested"] == 5
    waiting = {each["incident_uid"]: each for each in splunk.kv("sftsec", "sftsec_queue")}
    for each in asked["wanted"]:
        shown = waiting[each["uid"]]
        assert json.loads(shown["event"])["text"]
        assert shown["probability"] == pytest.approx(each["probability"])
        assert shown["reason"].startswith("the model is not sure")

    truth = {each["incident_uid"]: named[each["incident_uid"]].malicious for each in detections}
    for number, each in enumerate(detections):
        judge = judge_in_the_app if number % 2 else judge_as_a_notable
        judge(splunk, each, truth[each["incident_uid"]])
    assert set(truth.values()) == {True, False}, "there are false alarms to learn from"

    second = site.json("retrain", task, "--no-promote")
    learned = second["data"]["counts"]["read"] - first["data"]["counts"]["read"]
    assert learned == len(detections) + 1
    check_planted_text(site, task, second)
    feedback = site.store().verdicts.of(task, sorted(truth))
    known = {uid: each[0].value == "true_positive" for uid, each in feedback.items()}
    assert known == truth
    alarms = [text_of(named[uid], chosen) for uid, malicious in truth.items() if not malicious]
    before, after = (attack(site, task, run["model"]["digest"], alarms) for run in (first, second))
    assert after < before, "the false alarms look less like attacks than they did"

    again = site.json("score", task, "--rescan")
    assert again["new"] == 0, "what was judged is not raised again"


@pytest.mark.slow
def test_score_killed_in_push_writes_each_once(
    splunk: Splunkd, data_dir: Callable[[str], Path], tmp_path: Path
) -> None:
    data = data_dir(SMS.name)
    past, fresh = SMS.rows(data, ["train"], 1000), SMS.rows(data, ["test"], 400)
    fill(splunk, SMS, past, fresh)
    site = configure(splunk, SMS, tmp_path / "site", batch_bytes=1024)  # an event or two a request
    assert site.json("retrain", SMS.name)["promoted"]
    site.kill_when(lambda: len(splunk.events("sftsec")) > 3, "score", SMS.name)
    before = len(splunk.events("sftsec"))
    again = site.json("score", SMS.name)
    assert again["delivered"]["pending"] == 0
    named = [json.loads(each.raw)["detection_id"] for each in splunk.events("sftsec")]
    assert len(named) == len(set(named)) > before
    assert site.json("score", SMS.name, "--rescan")["delivered"]["written"] == 0
