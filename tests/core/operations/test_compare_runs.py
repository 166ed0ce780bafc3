"""Two runs side by side."""

from __future__ import annotations

from pathlib import Path

from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.compare_runs import compare_runs, figures_of
from sftsec_core.operations.context import Context
from sftsec_core.store.runs import RunOrder
from sftsec_core.store.store import Store
from tests.e2e.site import Site


class TestCompareRuns:
    def test_names_settings_that_differ(self, tmp_path: Path) -> None:
        site = Site.make(tmp_path / "site", rows=20, open_rows=5)
        folder = site.folder / ".sftsec"
        ids = []
        with Store.open(None, folder=folder, actor="tester") as store:
            for recipe in ("linear", "probe"):
                settings = {"task": {"train": {"recipe": recipe, "seed": 13}}, "text": ["a"]}
                order = RunOrder("retrain", "triage", settings)
                ids.append(store.runs.begin(order, folder / "runs").info.id)
                store.runs.finish(ids[-1], "succeeded")
        with Context.open(site.config, actor=local_admin("test")) as context:
            found = compare_runs(context, *ids).to_json()
        assert found["runs"] == ids
        assert found["settings"] == {"task.train.recipe": ["linear", "probe"]}
        assert (found["data"], found["metrics"]) == ({}, {})

    def test_takes_figures_of_the_candidate(self) -> None:
        report = {"candidate": {"metrics": {"f1": {"value": 0.5, "low": None, "high": None}}}}
        assert figures_of(report) == {"f1": 0.5}
        assert figures_of(None) == {}
