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
