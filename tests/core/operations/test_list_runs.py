"""Runs with how each ended, those of a killed process too."""

from __future__ import annotations

from pathlib import Path

from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context
from sftsec_core.operations.list_runs import LOST, list_runs
from sftsec_core.store.runs import RunOrder
from sftsec_core.store.store import Store
from tests.core.operations.killed_run import begin_and_die
from tests.e2e.site import Site


class TestListRuns:
    def test_shows_a_killed_run_as_interrupted(self, tmp_path: Path) -> None:
        site = Site.make(tmp_path / "site", rows=20, open_rows=5)
        killed = begin_and_die(site)
        with Context.open(site.config, actor=local_admin("test")) as context:
            (found,) = list_runs(context, "triage")
            assert list_runs(context, "triage", kind="score") == []
        assert found.info.id == killed
        assert (found.info.status, found.status, found.end) == ("running", "interrupted", LOST)
        assert found.to_json()["seconds"] is None

    def test_shows_why_a_run_failed(self, tmp_path: Path) -> None:
        site = Site.make(tmp_path / "site", rows=20, open_rows=5)
        folder = site.folder / ".sftsec"
        with Store.open(None, folder=folder, actor="tester") as store:
            run = store.runs.begin(RunOrder("score", "triage", {}), folder / "runs").info
            store.runs.finish(run.id, "failed", error="no route to the server")
        with Context.open(site.config, actor=local_admin("test")) as context:
            (found,) = list_runs(context)
        assert (found.status, found.end) == ("failed", "no route to the server")
