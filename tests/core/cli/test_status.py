"""`sftsec status`: one screen, and the next command."""

from __future__ import annotations

import pytest

from tests.core.cli.invoke import invoke, json_of, printed
from tests.e2e.site import Site


class TestStatus:
    def test_shows_the_live_model_with_figures(self, site: Site) -> None:
        printed(site, "score", "triage")
        (found,) = json_of(site, "status")
        model = json_of(site, "model", "show", "triage@live")
        assert found["live"]["digest"] == model["digest"]
        evaluation = json_of(site, "report")["evaluation"]
        value = evaluation["candidate"]["metrics"]["macro_f1"]["value"]
        assert found["live"]["figures"]["macro_f1"] == pytest.approx(value)
        assert found["last"]["kind"] == "score"
        assert found["outbox"]["delivered"] > 0
        assert found["refusal"] is None

    def test_names_the_next_command_for_people(self, site: Site) -> None:
        shown = invoke(site, "status")
        assert "macro_f1 0." in shown.stdout or "macro_f1 1." in shown.stdout
        assert shown.stderr == "next: sftsec score triage\n"
        assert invoke(site, "status", "--json").stderr == ""

    def test_names_the_votes_of_a_refusal(self, site: Site) -> None:
        site.change("tasks", "triage", gate={"min_labels": 10_000})
        site.run("retrain", "triage", code=8)
        (found,) = json_of(site, "status")
        assert "min_labels: " in found["refusal"]
        assert found["live"] is not None
