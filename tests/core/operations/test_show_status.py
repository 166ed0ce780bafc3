"""Where each task stands before a run, after a kill and after a failure."""

from __future__ import annotations

from pathlib import Path

from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context
from sftsec_core.operations.show_status import TaskStatus, show_status
from sftsec_core.store.runs import RunOrder
from tests.core.operations.killed_run import begin_and_die
from tests.core.operations.schedule_site import NIGHTLY, write_site
from tests.e2e.site import Site


def status_of(site: Site) -> TaskStatus:
    with Context.open(site.config, actor=local_admin("test")) as context:
        (found,) = show_status(context)
    return found


class TestNextRuns:
    def test_are_of_the_task_alone(self, tmp_path: Path) -> None:
        hourly = {**NIGHTLY, "task": "url", "when": {"cron": "0 * * * *"}}
        late = {"run": "gc", "when": {"cron": "0 3 * * *"}}
        file = write_site(tmp_path / "site", {"nightly": NIGHTLY, "hourly": hourly, "late": late})
        with Context.open(file, actor=local_admin("test")) as context:
            mail, url = show_status(context)
        (planned,) = mail.schedules
        assert planned.schedule.name == "nightly"
        assert planned.starts_at is not None
        assert planned.starts_at.hour == 2
        (told,) = url.to_json()["schedules"]
        assert (told["schedule"], told["run"]) == ("hourly", "retrain")
        assert told["starts_at"].endswith(":00:00+00:00")

    def test_of_an_event_name_the_event(self, tmp_path: Path) -> None:
        after = {"run": "score", "task": "mail", "after": {"run": "retrain"}}
        file = write_site(tmp_path / "site", {"follow": after})
        with Context.open(file, actor=local_admin("test")) as context:
            mail, _ = show_status(context)
        assert [each.starts_at for each in mail.schedules] == [None]
        assert mail.schedules[0].reason


class TestStatus:
    def test_of_an_empty_state_is_empty(self, tmp_path: Path) -> None:
        found = status_of(Site.make(tmp_path / "site", rows=20, open_rows=5))
        assert (found.live, found.last, found.refusal) == (None, None, None)
        assert (found.new_verdicts, found.outbox) == (0, {})
        assert found.next_step() == "sftsec retrain triage"

    def test_offers_to_resume_a_killed_run(self, tmp_path: Path) -> None:
        site = Site.make(tmp_path / "site", rows=20, open_rows=5)
        begin_and_die(site)
        found = status_of(site)
        assert found.last is not None
        assert found.last.status == "interrupted"
        assert found.next_step() == "sftsec retrain triage"

    def test_names_the_reason_of_a_failure(self, tmp_path: Path) -> None:
        site = Site.make(tmp_path / "site", rows=20, open_rows=5)
        with Context.open(site.config, actor=local_admin("test")) as context:
            order = RunOrder("retrain", "triage", {})
            run = context.store.runs.begin(order, context.folder / "runs").info
            context.store.runs.finish(run.id, "failed", error="there are no labels")
            context.store.verdicts.add("incidents", [Incident("m1", {}, (Verdict("spam"),))])
        found = status_of(site)
        assert found.refusal == f"{run.id}: there are no labels"
        assert found.new_verdicts == 1
        assert found.next_step() == "sftsec report --task triage"
