"""`sftsec report`: how a run ended, and its report."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import pytest

from tests.core.cli.invoke import error_of, json_of, printed
from tests.e2e.site import Site


class TestReport:
    def test_shows_the_newest_retraining(self, site: Site) -> None:
        json_of(site, "score", "triage")
        found = json_of(site, "report")
        assert (found["task"], found["status"], found["error"]) == ("triage", "succeeded", None)
        assert found["evaluation"]["candidate"]["recipe"] == "linear"
        assert Path(found["report"]).name == "report.html"
        assert json_of(site, "report", "--task", "triage")["run"] == found["run"]
        assert found["run"] in printed(site, "report")

    def test_prints_figures_and_votes(self, site: Site) -> None:
        live = json_of(site, "model", "show", "triage@live")
        shown = printed(site, "report", "triage")
        rows = [line.split() for line in shown.splitlines() if line.startswith("│")]
        models = {row[1]: row for row in rows if row[3] == "linear"}
        assert list(models) == ["candidate", "linear"]
        found = json_of(site, "report", "triage")
        value = found["evaluation"]["candidate"]["metrics"]["macro_f1"]["value"]
        assert f"{value:.4f}" in models["candidate"]
        votes = {row[1]: row[3] for row in rows if row[3] in ("yes", "no")}
        assert votes["min_labels"] == "yes"
        assert {vote["voter"] for vote in found["votes"]} >= set(votes)
        assert f"model   {live['digest'][:12]} (linear), candidate, live" in shown
        assert found["model"] == live["digest"]

    def test_of_an_unchanged_run_repeats(self, site: Site) -> None:
        first = json_of(site, "report", "triage")
        json_of(site, "retrain", "triage")
        again = json_of(site, "report", "triage")
        assert again["run"] != first["run"]
        assert {**again, "run": 0, "started_at": 0, "finished_at": 0} == {
            **first, "run": 0, "started_at": 0, "finished_at": 0
        }  # fmt: skip

    def test_shows_figures_beside_a_damaged_model(self, site: Site) -> None:
        live = json_of(site, "model", "show", "triage@live")
        (Path(live["folder"]) / "serving.json").write_text("{}", encoding="utf-8")
        shown = printed(site, "report", "triage")
        assert "on test" in shown
        assert "the gate's votes cannot be read: model" in shown

    def test_of_a_task_wants_its_own_run(self, site: Site) -> None:
        run = json_of(site, "report")["run"]
        assert json_of(site, "report", run, "--task", "triage")["run"] == run
        error = error_of(site, "report", run, "--task", "other")
        assert "run of task 'other'" in str(error)
        assert "did you mean 'triage'" in str(error_of(site, "report", "triag"))

    def test_finds_a_run_by_its_beginning(self, site: Site) -> None:
        scored = json_of(site, "score", "triage")["run"]
        found = json_of(site, "report", scored[:-2])
        assert (found["run"], found["report"], found["evaluation"]) == (scored, None, None)

    def test_task_without_a_run_is_named(self, site: Site) -> None:
        error = error_of(site, "report", "--task", "other")
        assert error.exit_code == 2
        assert "unknown run of task 'other'" in str(error)

    def test_opens_the_report_on_demand(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        opened: list[str] = []
        monkeypatch.setattr(webbrowser, "open", opened.append)
        found = json_of(site, "report")
        assert opened == []
        printed(site, "report", "--open")
        assert opened == [Path(found["report"]).as_uri()]
