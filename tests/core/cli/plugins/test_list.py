"""`sftsec plugins list`: the table, the install commands, and JSON."""

from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec

import pytest

from sftsec_core.operations import list_plugins as listing
from tests.core.cli.invoke import json_of, printed
from tests.e2e.site import Site


class TestList:
    def test_says_what_each_needs(self, site: Site) -> None:
        listed = {each["name"]: each for each in json_of(site, "plugins", "list")}
        assert listed["splunk"]["needs"][0]["module"] == "splunklib"
        assert listed["splunk"]["enabled"] is False
        assert "splunklib" in printed(site, "plugins", "list")

    def test_gives_the_command_that_installs(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def without(name: str) -> ModuleSpec | None:
            return None if name == "splunklib" else importlib.util.find_spec(name)

        monkeypatch.setattr(listing, "find_spec", without)
        shown = printed(site, "plugins", "list")
        assert "splunklib (missing)" in shown
        assert "pip install 'sftsec[splunk]'  # for splunk" in shown
