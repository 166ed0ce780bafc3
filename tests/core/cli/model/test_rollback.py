"""`sftsec model rollback`: the model before the current one is live again."""

from __future__ import annotations

import yaml

from tests.core.cli.invoke import error_of, json_of, printed
from tests.e2e.site import Site


class TestRollback:
    def test_restores_the_previous_model(self, site: Site) -> None:
        (first,) = json_of(site, "model", "list")
        settings = yaml.safe_load(site.config.read_text(encoding="utf-8"))
        settings["tasks"]["triage"]["keep"] = []
        site.config.write_text(yaml.safe_dump(settings), encoding="utf-8")
        second = json_of(site, "retrain", "triage")
        assert second["promoted"]
        restored = json_of(site, "model", "rollback", "triage", "--reason", "too many alerts")
        assert restored["digest"] == first["digest"]
        assert restored["previous"] == second["model"]["digest"]
        assert json_of(site, "model", "show", "triage@live")["digest"] == first["digest"]
        (moved,) = json_of(site, "audit", "tail", "--action", "alias.moved", "-n", "1")
        assert "too many alerts" in moved["details"]["reason"]
        listed = {each["digest"]: each["aliases"] for each in json_of(site, "model", "list")}
        assert listed == {first["digest"]: ["live"], second["model"]["digest"]: ["candidate"]}
        assert first["digest"][:12] in printed(site, "model", "list", "triage")

    def test_needs_an_earlier_live_model(self, site: Site) -> None:
        error = error_of(site, "model", "rollback", "triage")
        assert error.exit_code == 2
        assert "unknown earlier live model of task 'triage'" in str(error)
