"""`sftsec retrain`: what a person reads of a run; e2e tests hold its exit codes and its JSON."""

from __future__ import annotations

import yaml

from sftsec_core.api.errors import GateRefusedError
from tests.core.cli.invoke import error_of, invoke, json_of
from tests.e2e.site import Site


class TestRetrain:
    def test_prints_figures_votes_and_report(self, site: Site) -> None:
        shown = invoke(site, "retrain", "triage", "--no-promote", "--force")
        assert shown.exit_code == 0
        words = [line.split() for line in shown.stdout.splitlines() if line.startswith("│")]
        tests = [row[1] for row in words if row[3] == "linear"]
        assert tests == ["candidate", "linear", "live"]
        votes = {row[1]: row[3] for row in words if row[3] in ("yes", "no")}
        assert votes["min_labels"] == votes["no_leak"] == "yes"
        candidate = json_of(site, "model", "show", "triage@candidate")["digest"]
        assert f"model   {candidate[:12]} (linear), approved" in shown.stdout
        report = json_of(site, "report")["report"]
        assert f"report  {report}" in shown.stdout.splitlines()
        assert "pull       from incidents" in shown.stderr
        assert "tpr_at_fpr_0.001 is not measurable: it takes 1,000 benign" in shown.stdout
        evaluation = json_of(site, "report")["evaluation"]
        assert evaluation["candidate"]["metrics"]["tpr_at_fpr_0.001"]["value"] is None
        assert "tpr_at_fpr_0.001" in evaluation["data"]["unmeasured"]

    def test_says_that_no_verdict_is_new(self, site: Site) -> None:
        live = json_of(site, "model", "show", "triage@live")
        shown = invoke(site, "retrain", "triage")
        assert shown.exit_code == 0
        assert shown.stdout.startswith(
            f"no verdict is new since the live model {live['digest']:.12}"
        )
        assert len(shown.stdout.splitlines()) == 1
        told = json_of(site, "retrain", "triage")
        assert (told["unchanged"], told["promoted"]) == (True, False)
        assert told["model"]["digest"] == live["digest"]
        assert json_of(site, "model", "show", "triage@live") == live
        assert len(json_of(site, "dataset", "show", "triage")) == 1

    def test_rejection_is_printed_and_raised(self, site: Site) -> None:
        settings = yaml.safe_load(site.config.read_text(encoding="utf-8"))
        settings["tasks"]["triage"]["gate"] = {"min_labels": 100_000}
        site.config.write_text(yaml.safe_dump(settings), encoding="utf-8")
        error = error_of(site, "retrain", "triage")
        assert isinstance(error, GateRefusedError)
        assert str(error).startswith("the promotion gate rejects the model: min_labels: ")
