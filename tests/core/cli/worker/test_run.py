"""`sftsec worker run`, `list` and `drain`."""

from __future__ import annotations

import yaml

from sftsec_core.demo.source import TASK
from tests.core.cli.invoke import error_of, invoke, json_of, printed
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

    def test_says_which_schedule_cannot_run(self, site: Site) -> None:
        printed(site, "schedule", "add", "nightly", "--run", "gc", "--cron", "0 2 * * *")
        printed(
            site, "schedule", "add", "asked", "--run", "score", "--task", TASK, "--interval", "1h"
        )
        values = yaml.safe_load(site.config.read_text(encoding="utf-8"))
        values["tasks"] = {"other": values["tasks"][TASK]}
        site.config.write_text(yaml.safe_dump(values), encoding="utf-8")
        assert "schedule asked: unknown task" in invoke(site, "worker", "run", "--once").stderr
        (listed,) = json_of(site, "worker", "list")
        assert listed["problem"].startswith(f"schedule asked: unknown task '{TASK}'")
        assert "nightly" not in listed["problem"]
        assert "schedule asked" in printed(site, "worker", "list")

    def test_queues_what_schedules_have_due(self, site: Site) -> None:
        once = ("--run", "request-labels", "--task", TASK, "--new-verdicts", "1")
        printed(site, "schedule", "add", "asked", *once)
        assert json_of(site, "schedule", "due")[0]["due"]
        # The site has verdicts, and no such run has ended yet.
        assert json_of(site, "worker", "run", "--once")["runs"] == 1
        (found,) = json_of(site, "schedule", "history", "asked")
        assert (found["end"], found["reason"]) == ("succeeded", "1 new verdicts")
        assert not json_of(site, "schedule", "due")[0]["due"]
