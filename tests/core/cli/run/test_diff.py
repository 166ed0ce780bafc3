"""`sftsec run diff`: two retrainings side by side."""

from __future__ import annotations

from tests.core.cli.invoke import json_of, printed
from tests.e2e.site import Site


class TestDiff:
    def test_shows_what_changed_between_runs(self, site: Site) -> None:
        first = json_of(site, "run", "list")[0]["run"]
        site.change("tasks", "triage", split={"method": "time", "seed": 14})
        site.run("retrain", "triage", "--no-promote")
        second = json_of(site, "run", "list")[0]["run"]
        found = json_of(site, "run", "diff", first, second)
        # The site was copied since the first run, so that its paths differ too.
        of_task = {k: v for k, v in found["settings"].items() if k.startswith("task.")}
        assert of_task == {"task.split.seed": [13, 14]}
        assert all(len(pair) == 2 for pair in found["metrics"].values())
        shown = printed(site, "run", "diff", first, second)
        assert "task.split.seed" in shown
        assert "macro_f1" in shown
