"""`sftsec score`: the figures that a person reads; e2e tests hold what is pushed."""

from __future__ import annotations

from tests.core.cli.invoke import invoke, json_of, printed
from tests.e2e.site import Site


def rows(text: str) -> dict[str, str]:
    """The values of the lines by their names."""
    return {line[:20].strip(): line[20:].strip() for line in text.splitlines()}


class TestScore:
    def test_prints_what_was_scored_and_pushed(self, site: Site) -> None:
        (live,) = json_of(site, "model", "list")
        shown = rows(printed(site, "score", "triage"))
        assert shown["model"] == live["digest"][:12]
        assert shown["scored"] == "60"
        assert int(shown["dismissed"]) + int(shown["for review"]) + int(shown["alerts"]) == 60
        left_out = ("already labelled", "empty", "dropped by steps", "unreadable")
        assert int(shown["pulled"]) == 60 + sum(int(shown[name]) for name in left_out)
        fates = ("suppressed", "there already", "written", "rejected", "pending")
        assert int(shown["alerts"]) == sum(int(shown[name]) for name in fates)
        assert int(shown["written"]) == len(site.pushed()) > 0
        assert (shown["rejected"], shown["pending"]) == ("0", "0")

    def test_starts_where_it_ended(self, site: Site) -> None:
        printed(site, "score", "triage")
        assert rows(printed(site, "score", "triage"))["scored"] == "0"
        again = rows(printed(site, "score", "triage", "--rescan"))
        assert (again["scored"], again["written"]) == ("60", "0")
        assert again["there already"] == again["alerts"] != "0"

    def test_progress_goes_to_standard_error(self, site: Site) -> None:
        result = invoke(site, "score", "triage")
        assert "push       to incidents" in result.stderr
        assert "push " not in result.stdout
        assert result.stderr.endswith("next: sftsec status\n")
