"""Forgetting through the command line: nothing holds the text, and no model knows it any more."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sftsec_core.demo.source import TASK
from tests.e2e.held_text import holding
from tests.e2e.site import Site, encryption

UID, OPEN_UID = "inc-secret", "inc-open"
# Letters that no step cleans, in an incident that is like no other.
TEXT = "zqxmarker quibbling wombats juggle nineteen harmonicas beside vexed ferrymen"
OPEN_TEXT = "zqyopen marker lists twelve peculiar trombones and one flamboyant gazebo"


def record(uid: str, text: str, **more: object) -> str:
    return json.dumps({"id": uid, "message": text, "host": {"name": "web-7"}, **more}) + "\n"


def make(folder: Path, *, secret: bool) -> Site:
    """A site with its incidents, and with two that are to be forgotten."""
    site = Site.make(folder, rows=260, open_rows=60)
    (site.state).mkdir(mode=0o700)
    (site.state / "salt").write_bytes(b"s" * 32)
    (site.state / "salt").chmod(0o600)
    if secret:
        said = {"label": "malicious", "@timestamp": "2026-01-02T00:00:00+00:00"}
        with (folder / "incidents" / "judged.jsonl").open("a", encoding="utf-8") as out:
            out.write(record(UID, TEXT, **said, analyst={"name": "alice"}))
        with (folder / "incidents" / "open.jsonl").open("a", encoding="utf-8") as out:
            out.write(record(OPEN_UID, OPEN_TEXT, **{"@timestamp": "2026-06-02T00:00:00+00:00"}))
    return site


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = make(tmp_path_factory.mktemp("trained"), secret=True)
    site.run("retrain", TASK)
    site.run("score", TASK)
    return site


@pytest.fixture
def site(trained: Site, tmp_path: Path) -> Site:
    return Site(shutil.copytree(trained.folder, tmp_path / "site"))


@pytest.mark.skipif(bool(encryption()), reason="the text cannot be looked for in encrypted files")
class TestForget:
    def test_leaves_the_text_in_no_file(self, site: Site) -> None:
        before = holding(site.state, TEXT)
        assert any(path.startswith("snapshots/") for path in before)
        assert any(path.startswith("increments/") for path in before)
        assert "sftsec.db" in holding(site.state, UID)
        done = site.json("forget", UID, "--yes")
        assert done["files"] == {"data sets": 1, "runs": 1, "pulls": 1, "caches": 1}
        assert holding(site.state, "zqxmarker") == holding(site.state, UID) == []
        site.run("retrain", TASK)
        assert holding(site.state, "zqxmarker") == holding(site.state, UID) == []
        assert "1 of the verdicts was erased" in site.run("audit", "verify")

    def test_makes_the_model_without_it(self, site: Site, tmp_path: Path) -> None:
        learned = site.json("model", "list")[0]
        site.run("forget", UID, "--yes")
        marked = site.json("model", "show", f"{TASK}@live")
        assert "forgotten" in marked["outdated"]
        again = site.json("retrain", TASK)
        never = make(tmp_path / "never", secret=False).json("retrain", TASK)
        assert not again["unchanged"]
        assert again["model"]["digest"] == never["model"]["digest"] != learned["digest"]
        assert site.json("model", "show", f"{TASK}@live")["outdated"] is None

    def test_scores_it_never_again(self, site: Site) -> None:
        scored = {json.loads(line)["sftsec.incident.uid"] for line in _lines(site.output)}
        site.run("forget", OPEN_UID, "--yes", "--connector", "incidents")
        assert holding(site.state, "zqyopen") == []
        rescanned = site.json("score", TASK, "--rescan")
        assert rescanned["pulled"] == 60
        assert OPEN_UID in scored or rescanned["new"] == 0
        assert holding(site.state, OPEN_UID) == []


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
