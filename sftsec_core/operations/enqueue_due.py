"""Queue the runs of schedules that are due, and account for what was missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import ConfigError, ScheduleError, SftsecError, StoreMovedError
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.run_kinds import permissions_of
from sftsec_core.operations.scheduling import (
    Schedule,
    StoreFacts,
    all_schedules,
    one_schedule,
    register_schedule,
    run_request,
)
from sftsec_core.schedules.plan import plan
from sftsec_core.store.columns import utc_now
from sftsec_core.store.schedules import DROPPED, PENDING, QUEUED, ScheduleOccurrence

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sftsec_core.api.domain import RunInfo
    from sftsec_core.operations.context import Context
    from sftsec_core.schedules.plan import SchedulePlan


def enqueue_due(context: Context, now: datetime | None = None) -> list[RunInfo]:
    """Look at all schedules and queue what is due; called again, it queues nothing twice.

    What is wrong with one schedule does not stop the others: it is raised when they are queued.

    Args:
        context: settings, store, registry, actor and event stream.
        now: the present moment (UTC).

    Returns:
        The runs that were queued now.

    Raises:
        ScheduleError: naming each schedule that cannot run, and why.
        StoreError: when the database refuses.
    """
    authorize(context.actor, Permission.SCHEDULE)
    at, problems = now or utc_now(), list[str]()
    schedules = all_schedules(context, at)
    facts = StoreFacts(context)
    for schedule in schedules.values():
        try:
            _account(context, schedule, facts, at)
        except StoreMovedError:
            raise
        except SftsecError as error:
            problems.append(f"schedule {schedule.name}: {error}")
    queued = _enqueue_pending(context, schedules)
    if problems:
        raise ScheduleError("; ".join(problems))
    return queued


def run_schedule(context: Context, name: str, now: datetime | None = None) -> RunInfo:
    """Queue a run of a schedule at once, paused or not; conditions count it as a run.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the schedule.
        now: the present moment (UTC).

    Raises:
        NotFoundError: when there is none of that name.
        ConfigError: when it cannot run, such as on a task that is no longer there.
        AuthorizationError: when the actor may not do what it runs.
    """
    authorize(context.actor, Permission.SCHEDULE)
    at = now or utc_now()
    schedule = one_schedule(context, name, at)
    schedule.refuse_problem()
    settings = schedule.settings
    for permission in permissions_of(settings.run, settings.options):
        authorize(context.actor, permission, settings.task)
    asked = f"by hand, by {context.actor.name}"
    found = ScheduleOccurrence(name, at, at, 1, PENDING, asked, at)
    context.store.schedules.add_occurrence(found)
    _enqueue_pending(context, {name: schedule}, only=name)
    return context.store.runs.get(context.store.schedules.run_of(found))


def _account(context: Context, schedule: Schedule, facts: StoreFacts, now: datetime) -> None:
    """Record what a schedule has to do, as pending, and move it on."""
    if schedule.problem:
        raise ConfigError(schedule.problem)
    stored = register_schedule(context, schedule)
    found = plan(schedule.name, schedule.settings, stored.state, facts, now)
    if found.state != stored.state:
        context.store.schedules.advance(stored, found.state, _rows(schedule.name, found))


def _rows(name: str, found: SchedulePlan) -> list[ScheduleOccurrence]:
    due = [
        ScheduleOccurrence(name, e.due_at, e.due_at, 1, PENDING, e.reason, e.not_before)
        for e in found.due
    ]
    skipped = [
        ScheduleOccurrence(name, each.first, each.last, each.count, each.why, each.reason)
        for each in found.skipped
    ]
    return [*skipped, *due]


def _enqueue_pending(
    context: Context, schedules: Mapping[str, Schedule], *, only: str | None = None
) -> list[RunInfo]:
    """Queue what was recorded as pending, by this process or by one that was killed."""
    queued: list[RunInfo] = []
    for found in context.store.schedules.pending():
        if only is not None and found.schedule != only:
            continue
        schedule = schedules.get(found.schedule)
        if schedule is None or schedule.problem:
            reason = schedule.problem if schedule else "its schedule was removed"
            context.store.schedules.settle(found, DROPPED, None, reason)
            continue
        run = context.store.queue.enqueue(run_request(schedule, found))
        if run is None:  # it was queued by another, or by one that was killed at this point
            run = context.store.runs.get(context.store.schedules.run_of(found))
        else:
            queued.append(run)
            due = {"run": run.id, "due_at": found.due_at.isoformat(), "reason": found.reason}
            context.store.audit.append("schedule.queued", found.schedule, due)
        context.store.schedules.settle(found, QUEUED, run.id)
    return queued
