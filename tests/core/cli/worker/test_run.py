"""`sftsec worker run`, `list` and `drain`."""

from __future__ import annotations

from tests.core.cli.invoke import error_of, json_of, printed
from tests.e2e.site import Site


class TestWorker:
    def test_runs_is_listed_and_drained(self, site: Site) -> None:
        run = json_of(site, "run", "add", "gc")["run"]
        worker = json_of(site, "worker", "run", "--once")
        assert worker["runs"] == 1
        (listed,) = json_of(site, "worker", "list")
        assert (listed["worker"], listed["state"], listed["runs"]) == (
            worker["worker"],
            "stopped",
            [],
        )
        assert worker["worker"] in printed(site, "worker", "list")
        assert "run_finished kind=gc status=succeeded" in printed(site, "run", "logs", run)
        assert json_of(site, "worker", "drain") == []
        assert "unknown worker 'x'" in str(error_of(site, "worker", "drain", "x"))
