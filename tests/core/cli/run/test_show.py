"""`sftsec run show`: a run with its figures and its settings."""

from __future__ import annotations

from tests.core.cli.invoke import json_of, printed
from tests.e2e.site import Site


class TestShow:
    def test_gives_figures_and_settings(self, site: Site) -> None:
        run = json_of(site, "run", "list")[0]["run"]
        found = json_of(site, "run", "show", run[:-2])
        assert found["run"] == run
        assert 0 <= found["figures"]["macro_f1"] <= 1
        assert found["settings"]["task"]["train"]["recipe"] == "linear"
        assert "macro_f1" in printed(site, "run", "show", run)
