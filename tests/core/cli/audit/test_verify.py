"""`sftsec audit verify`: what is proved, and what is found on a site with a live model."""

from __future__ import annotations

import sqlite3

from sftsec_core.api.errors import IntegrityError
from tests.core.cli.invoke import error_of, json_of, printed
from tests.e2e.site import Site


def change(site: Site, *statements: str) -> None:
    with sqlite3.connect(site.folder / ".sftsec" / "sftsec.db") as database:
        for each in statements:
            database.execute(each)
    database.close()


class TestVerify:
    def test_says_what_it_proves(self, site: Site) -> None:
        said = printed(site, "audit", "verify")
        proved, _, not_proved = said.partition("not proved:")
        assert "the chain is whole from entry 1" in proved
        assert "runs that came to their end have their entries" in proved
        assert "sftsec audit push CONNECTOR" in not_proved
        found = json_of(site, "audit", "verify")
        assert found["state"]["entries"] == len(json_of(site, "audit", "tail", "-n", "999"))
        assert found["state"]["records"]["models"] == len(json_of(site, "model", "list"))

    def test_emptied_log_is_a_fault(self, site: Site) -> None:
        emptied = "UPDATE audit_head SET seq = 0, hash = printf('%064d', 0)"
        change(site, "DELETE FROM audit", emptied)
        error = error_of(site, "audit", "verify")
        assert isinstance(error, IntegrityError)
        assert error.exit_code == 9
        assert "is registered, and it has no entry of that" in str(error)

    def test_cut_verdicts_show_against_the_log(self, site: Site) -> None:
        """Their chain is whole and its head agrees; what the run had sealed is more."""
        found = json_of(site, "audit", "verify")
        assert list(found["state"]["sealed"]) == [str(found["verdicts"])]
        change(
            site,
            "CREATE VIEW last AS SELECT * FROM verdict_chain ORDER BY seq DESC LIMIT 1",
            "DELETE FROM verdicts WHERE key = (SELECT key FROM last)",
            "DELETE FROM verdict_chain WHERE seq = (SELECT seq FROM last)",
            "UPDATE verdict_head SET (seq, hash) = (SELECT seq, hash FROM last)",
        )
        assert "has sealed" in str(error_of(site, "audit", "verify"))

    def test_anchor_must_be_able_to_answer(self, site: Site) -> None:
        error = error_of(site, "audit", "verify", "--anchor", "incidents")
        assert error.exit_code == 5
        assert "cannot tell what it holds of the audit log" in str(error)

    def test_unknown_anchor_names_the_known(self, site: Site) -> None:
        assert "incidents" in str(error_of(site, "audit", "verify", "--anchor", "incident"))
