"""`sftsec config check`: what the configuration comes to, before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.core.cli.invoke import error_of, json_of, printed
from tests.e2e.site import Site

SETTINGS = {
    "plugins": ["core", "files", "splunk", "pii"],
    "connectors": {
        "siem": {
            "type": "splunk",
            "url": "https://splunk.example:8089",
            "token": "env:NOT_FETCHED",
            "sources": [{"kind": "notables"}],
        },
        "export": {"type": "files", "paths": ["export"]},
    },
    "tasks": {
        "triage": {
            "connector": ["siem", "export"],
            "text": ["message"],
            "labels": {"benign": ["no"], "malicious": ["yes"]},
            "benign": "benign",
        }
    },
}


@pytest.fixture
def siem(tmp_path: Path) -> Site:
    (tmp_path / "sftsec.yaml").write_text(yaml.safe_dump(SETTINGS), encoding="utf-8")
    return Site(tmp_path)


class TestContexts:
    def test_show_what_a_preset_means(self, siem: Site) -> None:
        assert json_of(siem, "config", "check")["contexts"] == {}
        siem.change("tasks", "triage", context="alerts")
        found = json_of(siem, "config", "check")["contexts"]["triage"]
        assert found["windows"] == ["1h", "1d"]
        assert "within: organization.name" in printed(siem, "config", "check")


class TestWindows:
    def test_are_the_connectors_by_default(self, siem: Site) -> None:
        found = json_of(siem, "config", "check")["windows"]
        assert found == {"triage": {"siem": "90d", "export": "all"}}
        assert "triage: 90d of siem, all of export" in printed(siem, "config", "check")

    @pytest.mark.parametrize("window", ["all", "30d"])
    def test_are_the_tasks_where_it_says(self, siem: Site, window: str) -> None:
        siem.change("tasks", "triage", window=window)
        found = json_of(siem, "config", "check")["windows"]
        assert found == {"triage": {"siem": window, "export": window}}

    def test_that_are_no_span_are_refused(self, siem: Site) -> None:
        siem.change("tasks", "triage", window="forever")
        error = error_of(siem, "config", "check")
        assert error.exit_code == 3
        assert "tasks.triage.window" in str(error)
        assert "'forever' is not a duration" in str(error)
