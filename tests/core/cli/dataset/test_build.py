"""`sftsec dataset build`: what a retraining run would train on."""

from __future__ import annotations

from tests.core.cli.invoke import invoke, json_of, printed
from tests.e2e.site import Site


def row(text: str, name: str) -> str:
    """The value of a line."""
    (line,) = (each for each in text.splitlines() if each.startswith(f"{name} "))
    return line.removeprefix(name).strip()


class TestBuild:
    def test_prints_the_figures_of_the_json(self, site: Site) -> None:
        built = json_of(site, "dataset", "build", "triage")
        assert sum(built["parts"].values()) == built["verdicts"]["labelled"] > 300
        shown = printed(site, "dataset", "build", "triage")
        assert row(shown, "snapshot") == built["snapshot"]
        assert row(shown, "leaks") == "none"
        assert row(shown, "for review") == str(built["review"])
        assert row(shown, "near duplicates") == str(built["counts"]["near_duplicates"])
        for part, count in built["parts"].items():
            assert row(shown, f"{part} (time)") == str(count)

    def test_names_the_next_command(self, site: Site) -> None:
        said = invoke(site, "dataset", "build", "triage").stderr.splitlines()[-1]
        assert said == "next: sftsec labels review triage; sftsec retrain triage"
        assert "next:" not in invoke(site, "dataset", "build", "triage", "--json").stderr
        checked = invoke(site, "connector", "check").stderr
        assert checked == "next: sftsec dataset build triage\n"

    def test_same_data_give_the_same_snapshot(self, site: Site) -> None:
        (before,) = json_of(site, "dataset", "show", "triage")
        assert json_of(site, "dataset", "build", "triage")["snapshot"] == before["digest"]
