"""`sftsec forget`: asks before it erases, says what went, and never names it in JSON."""

from __future__ import annotations

import json

import pytest

from sftsec_core.api.errors import DataError
from tests.core.cli.invoke import error_of, invoke, json_of, printed
from tests.e2e.site import Site

UID = "inc-000006"


class TestForget:
    def test_shows_first_and_asks(self, site: Site) -> None:
        shown = printed(site, "forget", UID, "--dry-run")
        assert "1 incident would be erased" in shown
        assert "verdicts 1" in shown
        refused = invoke(site, "forget", UID)
        assert refused.exit_code == 2
        assert "add --yes" in refused.output
        assert json_of(site, "forget", UID, "--dry-run")["removed"] is False

    def test_marks_the_models_until_retrained(self, site: Site) -> None:
        done = invoke(site, "forget", UID, "--yes")
        assert "1 incident erased (erasure " in done.stdout
        assert "may serve until" in done.stdout
        assert "next: sftsec retrain triage" in done.stderr
        line = "learned from incidents that were forgotten on"
        assert line in printed(site, "model", "list")
        assert line in printed(site, "model", "show", "triage@live")
        assert json_of(site, "model", "list")[0]["outdated"].startswith(line)
        status = invoke(site, "status")
        assert "to replace" in status.stdout
        assert status.stderr == "next: sftsec retrain triage\n"

    def test_says_nothing_of_the_incident(self, site: Site) -> None:
        found = json_of(site, "forget", "--user", "host.name=web-242", "--yes")
        assert found["removed"]
        assert "web-242" not in json.dumps(found)
        again = invoke(site, "forget", "--user", "host.name=web-242", "--yes")
        assert "nothing to forget" in again.stdout
        assert "no erasure was interrupted" in printed(site, "forget", "--resume")

    def test_refuses_an_unknown_incident(self, site: Site) -> None:
        error = error_of(site, "forget", "nobody", "--yes")
        assert isinstance(error, DataError)
        assert "see that it is the one that the connector gives" in str(error)

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ((), "name one INCIDENT"),
            ((UID, "--user", "a=b"), "name one INCIDENT"),
            (("--user", "ann"), "FIELD=VALUE"),
            (("--user", "a=b", "--connector", "incidents"), "asks all of them"),
            (("--resume", "--dry-run"), "takes nothing besides"),
        ],
    )
    def test_refuses_what_makes_no_sense(
        self, site: Site, arguments: tuple[str, ...], said: str
    ) -> None:
        refused = invoke(site, "forget", *arguments)
        assert refused.exit_code == 2
        assert said in refused.output
