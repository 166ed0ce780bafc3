"""Stored paths follow the state folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from sftsec_core.store.runs import RunOrder
from sftsec_core.store.store import Store


class TestFolders:
    def test_follow_a_moved_state_folder(self, tmp_path: Path) -> None:
        old, new = tmp_path / "old", tmp_path / "new"
        with Store.open(None, folder=old, actor="tester") as store:
            run = store.runs.begin(RunOrder("retrain", "mail", {}), old / "runs").info
            store.runs.finish(run.id, "succeeded", report=run.folder / "report.html")
        shutil.move(old, new)
        with Store.open(None, folder=new, actor="tester") as store:
            assert store.runs.get(run.id).folder == new / "runs" / run.id
            assert store.runs.report(run.id) == new / "runs" / run.id / "report.html"
