"""The loop through a real OpenSearch, as a Wazuh site has it: verdicts in an index of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from tests.connectors.search.sites import Site as EngineSite
from tests.connectors.search.sites import own_site
from tests.e2e.engines import REASON, SMS, Row, write_config
from tests.e2e.site import Site
from tests.servers.engines.server import SearchServer
from tests.servers.opensearch import opensearch_server

__all__ = ["opensearch_server"]

TASK = "wazuh"
WAZUH = replace(SMS, name=TASK, field="full_log")
# A harmless event of before all others, which arrived after them.
LATE = {
    "timestamp": "2026-01-01T00:00:00Z",
    "event": {"ingested": "2026-09-01T00:00:00Z"},
    "full_log": "Are you coming to dinner tonight?",
}


@pytest.fixture
def engine(opensearch_server: SearchServer) -> Iterator[EngineSite]:
    with own_site("opensearch", opensearch_server) as own:
        yield own


def fill(engine: EngineSite, index: str, rows: Sequence[Row]) -> None:
    event = {"properties": {"ingested": {"type": "date"}}}
    properties = {"timestamp": {"type": "date"}, "full_log": {"type": "text"}, "event": event}
    engine.make_index(index, {"properties": properties})
    documents = {
        row.name: {
            "timestamp": row.at,
            "event": {"ingested": row.at},
            "full_log": row.body["message"],
            "rule": {"id": "100001", "description": "A message was reported"},
            "agent": {"name": "mail-gateway"},
        }
        for row in rows
    }
    engine.plant(index, documents)


def write_verdicts(file: Path, said: Sequence[tuple[str, bool, str]]) -> Path:
    """Uid, whether it is malicious, and who says so."""
    rows = [
        {"incident": uid, "verdict": REASON[malicious], "analyst": who}
        for uid, malicious, who in said
    ]
    file.write_bytes(b"\n".join(orjson.dumps(row) for row in rows))
    return file


def judge_the_past(site: Site, past: Sequence[Row], names: dict[str, str]) -> tuple[int, int, int]:
    """Two analysts say what they think, who disagree now and then; one changes their mind.

    Returns:
        How many verdicts are right, hasty and disputed.
    """
    said = [(names[row.name], row.malicious, "ann") for row in past]
    hasty = [(names[row.name], not row.malicious, "ann") for row in past[::50]]
    disputed = [(names[row.name], not row.malicious, "bob") for row in past[7::100]]
    file = write_verdicts(site.folder / "hasty.jsonl", hasty)
    assert site.json("labels", "add", TASK, "--from", str(file))["added"] == len(hasty)
    files = [write_verdicts(site.folder / f"{len(some)}.jsonl", some) for some in (said, disputed)]
    at_once = [site.start("labels", "add", TASK, "--from", str(file)) for file in files]
    for process in at_once:
        _, errors = process.communicate(timeout=200)
        assert process.returncode == 0, errors
    added = [entry.details["added"] for entry in site.store().audit.tail(action="labels.added")]
    assert sorted(added) == sorted(map(len, (hasty, said, disputed)))
    return len(said), len(hasty), len(disputed)


@pytest.mark.slow
def test_wazuh_site_learns_from_verdicts_on_detections(
    engine: EngineSite, data_dir: Callable[[str], Path], tmp_path: Path
) -> None:
    data = data_dir(SMS.name)
    past, fresh = SMS.rows(data, ["train"], 1500), SMS.rows(data, ["test"], 500)
    index = engine.name("wazuh-alerts")
    fill(engine, index, [*past, *fresh])
    options = engine.options(sources=[{"index": index, "timestamp": "timestamp"}])
    write_config(tmp_path, "opensearch", {TASK: options}, {TASK: WAZUH})
    site = Site(tmp_path)
    site.run("connector", "setup", TASK)
    assert site.json("connector", "check", TASK) == {TASK: []}

    names = {row.name: f"{index}/{row.name}" for row in [*past, *fresh]}
    said, hasty, disputed = judge_the_past(site, past, names)
    first = site.json("retrain", TASK)
    assert first["promoted"]
    counts = first["data"]["verdicts"]
    assert counts["verdicts"] == said + hasty + disputed
    assert counts["review: tie"] == disputed

    scored = site.json("score", TASK)
    assert scored["pulled"] == len(fresh), "what was judged is not scored"
    engine.plant(index, {"late": LATE})
    assert site.json("score", TASK)["pulled"] == 1, "what comes in late is scored"
    assert site.json("score", TASK)["pulled"] == 0
    detections = engine.documents(engine.stream)
    assert len(detections) == scored["delivered"]["written"] == scored["detections"] > 0

    asked = site.json("labels", "request", TASK, "--limit", "5")
    assert asked["requested"] == 5
    waiting = engine.documents(str(options["requests_index"]))
    assert {each["uid"] for each in asked["wanted"]} == {
        f"{hit['_source']['alert']['index']}/{hit['_source']['alert']['id']}" for hit in waiting
    }

    for hit in waiting:
        shown = hit["_source"]
        assert shown["message"].startswith("full_log: ")
        assert 0 <= shown["sftsec"]["prediction_probability"] <= 1
        assert shown["sftsec"]["reason"].startswith("the model is not sure")

    # The analysts judge the detections where they find them: by the detection's own name.
    truth = {row.name: row.malicious for row in fresh}
    answers = [
        (f"{hit['_index']}/{hit['_id']}", truth[hit["_source"]["sftsec"]["source"]["id"]], "ann")
        for hit in detections
    ]
    file = write_verdicts(tmp_path / "answers.jsonl", answers)
    site.run("labels", "add", TASK, "--from", str(file))
    second = site.json("retrain", TASK, "--no-promote")
    learned = second["data"]["counts"]["read"] - first["data"]["counts"]["read"]
    assert learned == len(detections)
    judged = {hit["_source"]["sftsec"]["incident"]["uid"] for hit in detections}
    stored = site.store().verdicts.of(TASK, sorted(judged))
    assert {uid: verdicts[0].value for uid, verdicts in stored.items()} == {
        names[name]: REASON[malicious] for name, malicious in truth.items() if names[name] in judged
    }
    assert site.json("score", TASK, "--rescan")["new"] == 0

    copied = site.json("audit", "push", TASK)
    assert copied["written"] == copied["seq"] == len(site.store().audit.tail(1000))
    assert len(engine.documents(engine.stream.replace("detections", "audit"))) == copied["seq"]
    assert site.json("audit", "push", TASK)["written"] == 0
    assert site.json("audit", "verify", "--anchor", TASK)["anchor"]["seq"] == copied["seq"]


def test_verdict_needs_document_and_word(engine: EngineSite, tmp_path: Path) -> None:
    index = engine.name("wazuh-alerts")
    fill(engine, index, [])
    write_config(tmp_path, "opensearch", {TASK: engine.options(index)}, {TASK: WAZUH})
    site = Site(tmp_path)
    site.run("connector", "setup", TASK)
    assert f"{TASK}: {index!r} is read by event.ingested" in site.run("connector", "check", code=5)
    assert "is not INDEX/ID" in site.run("labels", "add", TASK, "x", "--verdict", "y", code=5)
    assert "--verdict" in site.run("labels", "add", TASK, f"{index}/x", code=2)
    bad = tmp_path / "bad.jsonl"
    bad.write_text(f'{{"incident": "{index}/a", "verdict": "x"}}\n{{"incident": "{index}/b"}}\n')
    assert "bad.jsonl:2: 'verdict' is missing" in site.run(
        "labels", "add", TASK, "--from", str(bad), code=6
    )
    assert engine.documents(f"verdicts-{engine.token}") == [], "nothing of a bad batch was sent"
