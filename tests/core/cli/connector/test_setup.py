"""`sftsec connector setup` of a connector that needs none; e2e tests set up those that do."""

from __future__ import annotations

from tests.core.cli.invoke import error_of
from tests.e2e.site import Site


class TestSetup:
    def test_is_refused_where_none_is_needed(self, site: Site) -> None:
        error = error_of(site, "connector", "setup", "incidents")
        assert error.exit_code == 5
        assert "it needs no setup" in str(error)
