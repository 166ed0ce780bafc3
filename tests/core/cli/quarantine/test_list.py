"""`sftsec quarantine list`: records that could not be read."""

from __future__ import annotations

from tests.core.cli.invoke import json_of, printed
from tests.e2e.site import Site


class TestList:
    def test_shows_the_newest_of_all(self, site: Site) -> None:
        assert printed(site, "quarantine", "list") == "quarantine, 0 of 0: none\n"
        file = site.folder / "incidents" / "judged.jsonl"
        file.write_bytes(b"{broken\n\xff\n" + file.read_bytes())
        json_of(site, "dataset", "build", "triage")
        found = json_of(site, "quarantine", "list", "--connector", "incidents")
        assert {each["where"].rpartition(":")[2] for each in found} == {"1", "2"}
        assert all(each["reason"] and each["seen"] == 1 for each in found)
        shown = printed(site, "quarantine", "list", "--limit", "1")
        assert shown.startswith("quarantine, 1 of 2")
        assert json_of(site, "quarantine", "list", "--connector", "other") == []
