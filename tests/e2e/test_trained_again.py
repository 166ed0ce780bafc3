"""The same data again: the same model, whose detections are there already."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.site import Site

TASK = "triage"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with a live model that has scored."""
    made = Site.make(tmp_path_factory.mktemp("again"), open_rows=100)
    assert made.json("retrain", TASK)["promoted"]
    assert made.json("score", TASK)["delivered"]["written"] > 0
    return made


@pytest.fixture(scope="module")
def first(site: Site) -> dict[str, Any]:
    """The live model, as it was after the first training."""
    shown: dict[str, Any] = site.json("model", "show", f"{TASK}@live")
    return shown


class TestSameData:
    def test_makes_the_same_model_again(self, site: Site, first: dict[str, Any]) -> None:
        again = site.json("retrain", TASK, "--force")
        assert again["run"] != first["run"]
        assert again["model"]["digest"] == first["digest"]
        assert len(site.json("model", "list", TASK)) == 1
        shown = site.json("model", "show", f"{TASK}@live")
        assert [made["run"] for made in shown["runs"]] == [first["run"], again["run"]]
        assert shown["card"]["model_details"]["run"] == again["run"]
        site.run("model", "verify")

    def test_raises_nothing_when_all_is_scored_again(self, site: Site) -> None:
        before = site.pushed()
        scored = site.json("score", TASK, "--rescan")
        assert scored["scored"] == 100
        assert scored["detections"] == len(before)
        assert scored["new"] == 0
        assert scored["delivered"]["written"] == 0
        assert site.pushed() == before

    def test_makes_the_same_model_elsewhere(
        self, site: Site, first: dict[str, Any], tmp_path: Path
    ) -> None:
        """Another state folder with the same salt: placeholders are part of what is read."""
        other = Site.make(tmp_path / "other", open_rows=100)
        state = other.folder / ".sftsec"
        state.mkdir(mode=0o700)
        shutil.copy(site.folder / ".sftsec" / "salt", state / "salt")
        assert other.json("retrain", TASK)["model"]["digest"] == first["digest"]


class TestLostOutput:
    def test_is_filled_again_from_the_outbox(self, site: Site) -> None:
        before = site.pushed()
        kept = site.output.read_text(encoding="utf-8").splitlines()[:2]
        site.output.write_text("\n".join(kept) + "\n", encoding="utf-8")
        again = site.json("score", TASK, "--redeliver")
        assert again["reopened"] == len(before)
        assert again["delivered"]["duplicates"] == 2
        assert again["delivered"]["written"] == len(before) - 2
        assert site.pushed() == before
        told = site.run("score", TASK, "--redeliver", "--rescan", code=2)
        assert "leave out --rescan" in told
        site.run("audit", "tail", "--verify")


class TestIncidentThatGoesOn:
    def test_is_raised_again_with_other_content(self, site: Site) -> None:
        """The second attack in one network flow has the flow's name."""
        uid, other, *_ = (each["sftsec.incident.uid"] for each in detections(site))
        # What is raised under another name is raised under this one: the content decides.
        own, its = (each.rpartition("#")[2] for each in (uid, other))  # the file is before it
        file = site.folder / "incidents" / "open.jsonl"
        records = map(json.loads, file.read_text(encoding="utf-8").splitlines())
        later = {**next(each for each in records if each["id"] == its), "id": own}
        with file.open("a", encoding="utf-8") as growing:
            growing.write(json.dumps(later) + "\n")
        site.run("score", TASK)
        found = [each for each in detections(site) if each["sftsec.incident.uid"] == uid]
        assert len({each["sftsec.detection.uid"] for each in found}) == len(found) == 2


class TestJudgedIncident:
    def test_is_raised_with_other_content(self, site: Site) -> None:
        """A second attack of a flow whose first content was judged, and a repeat of that."""
        attack = next(one for one in detections(site) if one["sftsec.probability"] > 0.9)
        opened = records(site, "open.jsonl")
        own = attack["sftsec.incident.uid"].rpartition("#")[2]
        second = next(each for each in opened if each["id"] == own)
        judged = records(site, "judged.jsonl")[0]
        bare = {name: value for name, value in judged.items() if name not in JUDGEMENT}
        with (site.folder / "incidents" / "open.jsonl").open("a", encoding="utf-8") as growing:
            for each in (bare, {**second, "id": judged["id"]}):
                growing.write(json.dumps(each) + "\n")
        scored = site.json("score", TASK)
        assert (scored["pulled"], scored["already_labelled"], scored["new"]) == (2, 1, 1)
        (found,) = [one for one in detections(site) if one["sftsec.incident.uid"] == judged["id"]]
        assert found["sftsec.label"] == attack["sftsec.label"]
        wanted = site.json("labels", "request", TASK, "--dry-run", "--limit", "999")["wanted"]
        # Of equal texts the first is asked about: the second attack's twin, of another uid.
        assert judged["id"] not in [each["uid"] for each in wanted]
        assert own in [each["uid"] for each in wanted]


JUDGEMENT = ("label", "analyst.name", "judged_at")


def records(site: Site, name: str) -> list[dict[str, Any]]:
    lines = (site.folder / "incidents" / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def detections(site: Site) -> list[dict[str, Any]]:
    lines = site.output.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
