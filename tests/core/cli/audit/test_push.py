"""`sftsec audit push` to a connector that keeps no audit log; e2e tests push to one that does."""

from __future__ import annotations

from tests.core.cli.invoke import error_of
from tests.e2e.site import Site


class TestPush:
    def test_needs_a_connector_with_a_log(self, site: Site) -> None:
        error = error_of(site, "audit", "push", "incidents")
        assert error.exit_code == 5
        assert "it keeps no audit log" in str(error)
