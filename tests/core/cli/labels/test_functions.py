"""`sftsec labels functions`: a table for people, JSON for programs, one line for what is wrong."""

from __future__ import annotations

import pytest

from tests.core.cli.invoke import error_of, json_of, printed
from tests.e2e.site import Site

FUNCTIONS = {
    "words": {
        "kind": "regex",
        "fields": ["message", "process.command_line"],
        "pattern": "(?i)password|delete shadows|-enc",
        "label": "malicious",
    }
}


@pytest.fixture(scope="module")
def voting(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = Site.make(
        tmp_path_factory.mktemp("voting"),
        unlabelled={"max": 150, "window": "all"},
        labelling_functions=FUNCTIONS,
    )
    site.run("dataset", "build", "triage")
    return site


class TestFunctions:
    def test_prints_accuracy_with_chance(self, voting: Site) -> None:
        shown = " ".join(printed(voting, "labels", "functions", "triage").split())
        assert "triage: labelling functions" in shown
        assert "chance" in shown

    def test_gives_all_as_json(self, voting: Site) -> None:
        found = json_of(voting, "labels", "functions", "triage")
        (words,) = found["functions"]
        assert words["votes"] == round(words["coverage"] * found["pool"])
        assert words["voted"] >= words["right"] > 0

    def test_says_that_there_are_none(self, site: Site) -> None:
        error = error_of(site, "labels", "functions", "triage")
        assert error.exit_code == 3
        assert "labelling_functions: there are none" in str(error)
