"""`sftsec run list`: every run and how it ended."""

from __future__ import annotations

from tests.core.cli.invoke import json_of, printed
from tests.e2e.site import Site


class TestList:
    def test_shows_runs_newest_first(self, site: Site) -> None:
        printed(site, "score", "triage")
        found = json_of(site, "run", "list")
        assert [(r["kind"], r["status"]) for r in found] == [
            ("score", "succeeded"),
            ("retrain", "succeeded"),
        ]
        assert found[0]["seconds"] >= 0
        shown = printed(site, "run", "list", "triage", "--kind", "score")
        assert found[0]["run"] in shown
        assert found[1]["run"] not in shown
