"""`sftsec connector check`: the state of each connector, and exit 5 when one does not work."""

from __future__ import annotations

import shutil

import pytest

from tests.core.cli.invoke import error_of, invoke, json_of, printed
from tests.e2e.site import Site


class TestCheck:
    @pytest.mark.parametrize("names", [(), ("incidents",)])
    def test_shows_that_a_connector_works(self, site: Site, names: tuple[str, ...]) -> None:
        assert json_of(site, "connector", "check", *names) == {"incidents": []}
        assert "ok" in printed(site, "connector", "check", *names)

    def test_names_the_broken_connector(self, site: Site) -> None:
        shutil.rmtree(site.folder / "incidents")
        result = invoke(site, "connector", "check")
        assert "incidents does not exist" in result.stdout
        error = error_of(site, "connector", "check")
        assert (error.exit_code, str(error)) == (5, "not right: incidents; see the lines above")

    def test_unknown_name_suggests_a_known_one(self, site: Site) -> None:
        error = error_of(site, "connector", "check", "incident")
        assert error.exit_code == 2
        assert "did you mean 'incidents'?" in str(error)
