"""`sftsec labels list`: the verdicts that were pulled."""

from __future__ import annotations

from tests.core.cli.invoke import json_of, printed
from tests.e2e.site import Site


class TestList:
    def test_shows_each_verdict_with_its_origin(self, site: Site) -> None:
        found = json_of(site, "labels", "list", "--limit", "1000")
        counts = json_of(site, "labels", "stats", "triage")[0]["words"]
        assert len(found) == sum(each["verdicts"] for each in counts)
        (run,) = {each["run"] for each in found}
        assert run == json_of(site, "report")["run"]
        assert {each["connector"] for each in found} == {"incidents"}
        assert all(each["analyst"] for each in found)

    def test_shows_one_value_alone(self, site: Site) -> None:
        words = json_of(site, "labels", "stats", "triage")[0]["words"]
        counts = {each["value"]: each["verdicts"] for each in words}
        found = json_of(site, "labels", "list", "--value", "true_positive", "--limit", "1000")
        assert {each["value"] for each in found} == {"true_positive"}
        assert len(found) == counts["true_positive"]

    def test_limit_and_connector_bound_the_list(self, site: Site) -> None:
        assert len(json_of(site, "labels", "list", "--limit", "3")) == 3
        assert json_of(site, "labels", "list", "--connector", "other") == []
        assert printed(site, "labels", "list", "--connector", "other") == "verdicts: none\n"
