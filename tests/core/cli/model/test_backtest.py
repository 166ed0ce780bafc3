"""`sftsec model backtest`: figures of each period, for a person and for a machine."""

from __future__ import annotations

from tests.core.cli.invoke import error_of, json_of, printed
from tests.e2e.site import Site


class TestBacktest:
    def test_periods_are_shown_and_recorded(self, site: Site) -> None:
        found = json_of(site, "model", "backtest", "triage", "--periods", "2")
        assert [sorted(each["models"]) for each in found["periods"]] == [["linear"]] * 2
        (run,) = json_of(site, "run", "list", "--kind", "backtest")
        assert (run["run"], run["status"]) == (found["run"], "succeeded")

    def test_wrong_input_is_explained(self, site: Site) -> None:
        assert "'triag'" in str(error_of(site, "model", "backtest", "triag"))
        gap = error_of(site, "model", "backtest", "triage", "--gap", "7 days")
        assert "gap" in str(gap)
        assert "7d" in str(gap) or "10m" in str(gap)
        recipe = error_of(site, "model", "backtest", "triage", "--recipe", "linaer")
        assert "did you mean 'linear'" in str(recipe)

    def test_table_has_a_row_a_period(self, site: Site) -> None:
        shown = printed(site, "model", "backtest", "triage", "--periods", "2")
        assert shown.count("linear") == 2
        assert "macro_f1" in shown
