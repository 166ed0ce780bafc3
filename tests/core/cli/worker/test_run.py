"""`sftsec worker run`, `list` and `drain`."""

from __future__ import annotations

from sftsec_core.demo.source import TASK
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

    def test_queues_what_schedules_have_due(self, site: Site) -> None:
        once = ("--run", "request-labels", "--task", TASK, "--new-verdicts", "1")
        printed(site, "schedule", "add", "asked", *once)
        assert json_of(site, "schedule", "due")[0]["due"]
        # The site has verdicts, and no such run has ended yet.
        assert json_of(site, "worker", "run", "--once")["runs"] == 1
        (found,) = json_of(site, "schedule", "history", "asked")
        assert (found["end"], found["reason"]) == ("succeeded", "1 new verdicts")
        assert not json_of(site, "schedule", "due")[0]["due"]
