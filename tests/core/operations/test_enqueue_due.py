"""What is due is queued once, and what was missed is accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from sftsec_core.api.domain import Actor, Event, Message, Permission
from sftsec_core.api.errors import (
    AuthorizationError,
    ConfigError,
    NotFoundError,
    ScheduleError,
    StoreError,
)
from sftsec_core.operations.authorize import ROLES, local_admin
from sftsec_core.operations.change_schedules import (
    add_schedule,
    edit_schedule,
    pause_schedule,
    remove_schedule,
)
from sftsec_core.operations.context import Context
from sftsec_core.operations.enqueue_due import enqueue_due, run_schedule
from sftsec_core.operations.list_schedules import schedule_history
from sftsec_core.store.run_queue import FAIL, RunQueue
from sftsec_core.store.schedules import Schedules
from sftsec_core.store.store import Store
from sftsec_core.store.tables import runs
from tests.core.operations.schedule_site import NIGHTLY, write_site

START = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURLY: dict[str, Any] = {"run": "dataset", "task": "mail", "when": {"cron": "0 * * * *"}}


class Site:
    """A site whose clock a test sets."""

    def __init__(self, folder: Path, schedules: dict[str, Any] | None = None) -> None:
        self.now = START
        self.said: list[str] = []
        self.context = Context.open(
            write_site(folder, schedules), actor=local_admin("test"), sinks=[self._listen]
        )
        self.context.store = Store.open(
            None, folder=self.context.folder, actor="test", clock=lambda: self.now
        )

    def _listen(self, event: Event) -> None:
        if isinstance(event, Message):
            self.said.append(event.text)

    def tick(self, hours: float) -> list[str]:
        """Look at the schedules at so many hours after the start; the times that are queued."""
        self.now = START + hours * HOUR
        runs = enqueue_due(self.context, self.now)
        queued = {each.info.id: each.request for each in self.context.store.queue.waiting()}
        due = [queued[run.id].due_at for run in runs]
        return [f"{at:%H:%M}" for at in due if at is not None]

    def finish(self) -> None:
        """Let the run that waits end."""
        claimed = self.context.store.queue.claim("worker")
        assert claimed is not None
        self.context.store.queue.settle(claimed, "it failed", FAIL)

    def history(self, name: str = "hourly") -> list[tuple[str, int, str]]:
        found = schedule_history(self.context, name)
        return [(f"{e.occurrence.due_at:%H:%M}", e.occurrence.count, e.end) for e in found]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path, {"hourly": HOURLY})
    with made.context:
        made.tick(0)
        yield made


class TestDue:
    def test_is_queued_once(self, site: Site) -> None:
        assert site.tick(0.9) == []
        assert site.tick(1) == ["01:00"]
        assert site.tick(1) == []
        assert site.history() == [("01:00", 1, "queued")]

    def test_asks_for_what_the_schedule_says(self, tmp_path: Path) -> None:
        said = {
            **NIGHTLY, "priority": 7, "retries": 2, "timeout": "4h", "budget": "30m",
            "needs": {"gpus": 1}, "overlap": True, "jitter": "5m", "options": {"force": True},
        }  # fmt: skip
        site = Site(tmp_path, {"nightly": said})
        with site.context:
            site.tick(0)
            assert site.tick(2.5) == ["02:00"]
            (queued,) = site.context.store.queue.waiting()
        asked = queued.request
        assert (asked.kind, asked.task, asked.actor) == ("retrain", "mail", "schedule:nightly")
        assert (asked.priority, asked.retries, asked.timeout_s) == (7, 2, 4 * 3600)
        assert asked.parameters == {"force": True, "budget": "30m"}
        assert (asked.needs, asked.overlap) == ({"gpus": 1}, True)
        assert asked.not_before is not None
        assert START + 2 * HOUR < asked.not_before < START + 2.1 * HOUR

    def test_after_a_downtime_is_the_newest(self, site: Site) -> None:
        assert site.tick(5.5) == ["05:00"]
        assert site.history() == [("05:00", 1, "queued"), ("01:00", 4, "missed")]

    def test_is_not_repeated_by_a_clock(self, site: Site) -> None:
        """A clock an hour ahead, and back: what was ahead is past, and nothing comes twice."""
        assert site.tick(2) == ["02:00"]
        site.finish()
        assert site.tick(1) == []
        assert site.tick(2.5) == []
        assert site.tick(3) == ["03:00"]

    def test_waits_for_the_run_before(self, site: Site) -> None:
        assert site.tick(1) == ["01:00"]
        assert site.tick(3.5) == []
        site.finish()
        assert site.tick(3.6) == ["03:00"]
        assert site.history() == [
            ("03:00", 1, "queued"), ("02:00", 1, "missed"), ("01:00", 1, "failed"),
        ]  # fmt: skip

    def test_of_a_paused_schedule_passes(self, site: Site) -> None:
        pause_schedule(site.context, "hourly")
        assert site.tick(2.5) == []
        assert site.history() == [("01:00", 2, "paused")]


class TestKill:
    """A scheduler dies between two steps; the next one does the rest, once."""

    @pytest.mark.parametrize(
        ("owner", "step"), [(RunQueue, "enqueue"), (Schedules, "settle"), (Schedules, "advance")]
    )
    def test_leaves_the_rest_to_another(
        self, site: Site, monkeypatch: pytest.MonkeyPatch, owner: type, step: str
    ) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(owner, step, _killed)
            with pytest.raises((KeyboardInterrupt, StoreError)):
                site.tick(1)
        site.tick(1.1)
        (run,) = site.context.store.queue.waiting()
        assert (run.request.due_at, site.history()) == (START + HOUR, [("01:00", 1, "queued")])
        (found,) = schedule_history(site.context, "hourly")
        assert found.occurrence.run_id == run.info.id


class TestProblem:
    def test_does_not_stop_the_others(self, tmp_path: Path) -> None:
        site = Site(tmp_path)
        with site.context as context:
            add_schedule(context, "hourly", HOURLY)
            add_schedule(context, "broken", {**HOURLY, "task": "url"})
            tasks = {"mail": context.settings.tasks["mail"]}
            context.settings = context.settings.model_copy(update={"tasks": tasks})
            with pytest.raises(ScheduleError) as told:
                site.tick(1)
            assert [each.request.schedule for each in context.store.queue.waiting()] == ["hourly"]
        assert str(told.value) == "schedule broken: unknown task 'url' (known: mail)"

    def test_drops_what_was_removed_meanwhile(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site = Site(tmp_path)
        with site.context as context:
            add_schedule(context, "hourly", HOURLY)
            with monkeypatch.context() as patched:
                patched.setattr(RunQueue, "enqueue", _killed)
                with pytest.raises(KeyboardInterrupt):
                    site.tick(1)
            remove_schedule(context, "hourly")
            assert site.tick(2) == []
            assert site.history() == [("01:00", 1, "dropped")]

    def test_of_options_is_told_beforehand(self, tmp_path: Path) -> None:
        site = Site(tmp_path)
        with site.context as context:
            with pytest.raises(ConfigError, match="it takes: budget, force, promote"):
                add_schedule(context, "nightly", {**NIGHTLY, "options": {"forse": True}})
            add_schedule(context, "nightly", NIGHTLY)
            changes = {"run": "audit-push", "task": None}
            with pytest.raises(ConfigError, match="'connector' of audit-push"):
                edit_schedule(context, "nightly", changes)


class TestRunNow:
    def test_queues_beside_the_times(self, site: Site) -> None:
        site.now = START + 0.5 * HOUR
        run = run_schedule(site.context, "hourly", site.now)
        assert (run.kind, run.task, run.status) == ("dataset", "mail", "queued")
        assert site.history() == [("00:30", 1, "queued")]
        site.finish()
        assert site.tick(1) == ["01:00"]

    def test_of_a_removed_run_says_so(self, site: Site) -> None:
        run = run_schedule(site.context, "hourly", START)
        with site.context.store.writing() as connection:
            connection.execute(delete(runs).where(runs.c.id == run.id))
        assert site.history() == [("00:00", 1, "removed")]

    def test_works_on_a_paused_schedule(self, site: Site) -> None:
        pause_schedule(site.context, "hourly")
        run = run_schedule(site.context, "hourly", START)
        entry = site.context.store.audit.tail()[-1]
        assert (entry.action, entry.details["run"]) == ("schedule.queued", run.id)
        assert entry.details["reason"] == f"by hand, by {site.context.actor.name}"

    def test_needs_the_runs_own_permission(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(ROLES, "planner", frozenset({Permission.SCHEDULE}))
        planner = site.context.acting_as(Actor("bob", frozenset({"planner"}), "test"))
        with pytest.raises(AuthorizationError) as refused:
            run_schedule(planner, "hourly", START)
        assert refused.value.permission == "dataset.build"
        assert site.history() == []

    def test_refuses_an_unknown_schedule(self, site: Site) -> None:
        with pytest.raises(NotFoundError, match="did you mean 'hourly'"):
            run_schedule(site.context, "hourli")


def _killed(*_given: object, **_named: object) -> None:
    raise KeyboardInterrupt
