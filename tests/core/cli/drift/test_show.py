"""`sftsec drift show`: figures with their course, of any task that has some."""

from __future__ import annotations

import pytest

from sftsec_core.cli.drift.show import sparkline
from sftsec_core.store.store import Store
from tests.core.cli.invoke import invoke, json_of, printed
from tests.e2e.site import Site


class TestShow:
    def test_says_what_to_do_first(self, site: Site) -> None:
        result = invoke(site, "drift", "show", "triage")
        assert result.exit_code == 0
        assert "next: sftsec drift check triage" in result.stderr

    def test_shows_the_latest_value(self, site: Site) -> None:
        with Store.open(None, folder=site.folder / ".sftsec", actor="tester") as store:
            for value in (0.25, 0.5):
                store.figures.add("triage", "input_drift", value, count=1500)
        shown = printed(site, "drift", "show", "triage")
        assert "0.500" in shown
        assert "1,500" in shown
        assert "input_drift 0.500" in printed(site, "status")
        (status,) = json_of(site, "status")
        assert status["watched"]["input_drift"]["value"] == 0.5
        (only,) = json_of(site, "drift", "show", "triage", "--days", "1")
        assert [each["value"] for each in only["values"]] == [0.25, 0.5]


class TestSparkline:
    @pytest.mark.parametrize(
        ("values", "drawn"),
        [([1.0], "▁"), ([2.0, 2.0], "▁▁"), ([0.0, 1.0, 0.5], "▁█▅"), ([1.0] * 99, "▁" * 24)],
    )
    def test_draws_from_least_to_most(self, values: list[float], drawn: str) -> None:
        assert sparkline(values) == drawn
