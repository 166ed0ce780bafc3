"""`sftsec labels request`: verdicts are wanted where the model is least certain."""

from __future__ import annotations

from pathlib import Path

from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.demo.source import TASK
from tests.core.cli.invoke import json_of, printed
from tests.e2e.site import Site


class TestRequest:
    def test_asks_for_the_most_uncertain(self, site: Site) -> None:
        shown = json_of(site, "labels", "request", TASK, "--dry-run")
        assert shown["requested"] == 0
        assert len(shown["wanted"]) == 20
        assert shown["wanted"] == sorted(shown["wanted"], key=lambda each: each["doubt"])
        asked = json_of(site, "labels", "request", TASK, "--limit", "3")
        assert asked["requested"] == 3
        requests = Path(f"{site.output}.label-requests.jsonl").read_text(encoding="utf-8")
        assert all(each["uid"] in requests for each in asked["wanted"])
        log = json_of(site, "audit", "tail", "--action", "labels.requested")
        assert [entry["details"]["requested"] for entry in log] == [3]

    def test_shows_in_the_status_until_judged(self, site: Site) -> None:
        assert "labels requested  0 without a verdict" in printed(site, "status")
        asked = json_of(site, "labels", "request", TASK, "--limit", "3")["wanted"]
        json_of(site, "labels", "request", TASK, "--limit", "3")
        (found,) = json_of(site, "status")
        assert found["requested"] == 3
        with site.store() as store:
            store.verdicts.add("incidents", [Incident(asked[0]["uid"], {}, (Verdict("benign"),))])
        assert "labels requested  2 without a verdict" in printed(site, "status")

    def test_dry_run_prints_without_asking(self, site: Site) -> None:
        shown = printed(site, "labels", "request", TASK, "--dry-run", "--limit", "2")
        assert "most uncertain, 0 requested" in shown
        wanted = json_of(site, "labels", "request", TASK, "--dry-run", "--limit", "2")["wanted"]
        assert all(each["uid"] in shown for each in wanted)
        assert not Path(f"{site.output}.label-requests.jsonl").exists()
        assert json_of(site, "audit", "tail", "--action", "labels.requested") == []
