"""A state folder that commit 770530e wrote: opened, migrated, and its live model still serves."""

from __future__ import annotations

import base64
import io
import json
import sqlite3
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.site import Site

ARCHIVE = Path(__file__).parents[1] / "fixtures" / "state_770530e" / "state.tar.xz.b64"
TASK = "phishing"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """The old site as it was left: two of its processes were killed."""
    packed = base64.b64decode(ARCHIVE.read_text(encoding="ascii"))
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        tar.extractall(tmp_path, filter="data")
    _move_cursor(tmp_path)
    made = Site(tmp_path)
    # The old version named a record by its id alone; so do those who keep its detections.
    made.change("connectors", "mail", id_scope="source")
    return made


def _move_cursor(folder: Path) -> None:
    """The files connector's cursor names the file that it stands in: it lies elsewhere now."""
    with sqlite3.connect(folder / ".sftsec" / "sftsec.db") as database:
        (packed,) = database.execute("SELECT cursor FROM cursors").fetchone()
        file, *position = json.loads(base64.b64decode(packed))
        moved = [str(folder / "incidents" / Path(file).name), *position]
        cursor = base64.b64encode(json.dumps(moved).encode()).decode()
        database.execute("UPDATE cursors SET cursor = ?", (cursor,))
    database.close()


@pytest.fixture
def facts(site: Site) -> dict[str, Any]:
    """What the old code said of it."""
    found: dict[str, Any] = json.loads((site.folder / "facts.json").read_text(encoding="utf-8"))
    return found


class TestOldState:
    def test_the_live_model_is_still_there(self, site: Site, facts: dict[str, Any]) -> None:
        shown = site.json("model", "show", f"{TASK}@live")
        assert shown["digest"] == facts["live"]
        assert len(site.json("model", "list")) == facts["models"]
        site.run("model", "verify")

    def test_the_live_model_still_scores(self, site: Site, facts: dict[str, Any]) -> None:
        scored = site.json("score", TASK)
        assert scored["model"] == facts["live"]
        assert len(site.pushed()) > facts["pushed"]
        assert set(site.pushed().values()) == {1}
        again = site.json("score", TASK, "--rescan")
        assert again["scored"] == 24
        # The older model scored the first incidents: the live one's detections are others.
        assert again["delivered"]["written"] == facts["pushed"]
        assert site.json("score", TASK, "--rescan")["delivered"]["written"] == 0

    def test_snapshots_and_audit_log_are_readable(self, site: Site, facts: dict[str, Any]) -> None:
        snapshots = site.json("dataset", "show", TASK)
        assert len(snapshots) == 2
        for each in snapshots:
            site.run("dataset", "show", TASK, each["digest"][:12], "--verify")
        site.run("audit", "tail", "--verify")
        assert len(site.json("audit", "tail", "-n", "999")) == facts["audit"]

    def test_new_run_replaces_the_killed_one(self, site: Site) -> None:
        with site.store() as store:
            (left,) = store.runs.unfinished("retrain", TASK)
        ended = site.json("retrain", TASK)
        assert ended["status"] in ("succeeded", "refused")
        with site.store() as store:
            assert store.runs.unfinished("retrain", TASK) == []
            assert store.runs.get(left.id).status in ("failed", "succeeded", "refused")
