"""`sftsec audit tail`: the newest entries, and whether the log is intact."""

from __future__ import annotations

import sqlite3

from sftsec_core.api.errors import IntegrityError
from tests.core.cli.invoke import error_of, invoke, json_of, printed
from tests.e2e.site import Site


class TestTail:
    def test_shows_the_newest_last(self, site: Site) -> None:
        every = json_of(site, "audit", "tail")
        assert [each["seq"] for each in every] == list(range(1, len(every) + 1))
        assert json_of(site, "audit", "tail", "-n", "2") == every[-2:]
        assert every[0]["action"] == "retrain.started"
        assert every[-1]["action"] == "retrain.finished"

    def test_shows_one_action_alone(self, site: Site) -> None:
        (entry,) = json_of(site, "audit", "tail", "--action", "model.registered")
        assert entry["object"] == json_of(site, "model", "list")[0]["digest"]
        assert "model.registered" in printed(site, "audit", "tail")

    def test_verify_counts_the_whole_log(self, site: Site) -> None:
        every = json_of(site, "audit", "tail")
        result = invoke(site, "audit", "tail", "-n", "1", "--verify")
        assert f"the audit log is intact: {len(every)} entries" in result.stderr

    def test_verify_finds_a_changed_entry(self, site: Site) -> None:
        with sqlite3.connect(site.folder / ".sftsec" / "sftsec.db") as database:
            database.execute("UPDATE audit SET actor = 'mallory' WHERE seq = 2")
        database.close()
        assert json_of(site, "audit", "tail")
        error = error_of(site, "audit", "tail", "--verify")
        assert isinstance(error, IntegrityError)
        assert "2" in str(error)
