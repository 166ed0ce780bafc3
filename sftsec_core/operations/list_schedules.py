"""List schedules, say when each runs next and why, and how its occurrences ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import NotFoundError
from sftsec_core.operations.authorize import authorize, authorize_some, may
from sftsec_core.operations.list_runs import listed
from sftsec_core.operations.scheduling import (
    Schedule,
    StoreFacts,
    all_schedules,
    one_schedule,
    seen_schedules,
)
from sftsec_core.schedules.plan import SchedulePlan, plan
from sftsec_core.store.columns import utc_now

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.list_runs import ListedRun
    from sftsec_core.store.schedules import ScheduleOccurrence


_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PlannedSchedule:
    """A schedule and what it would do at a moment.

    Attributes:
        plan: what it would do; None where it cannot run.
    """

    schedule: Schedule
    plan: SchedulePlan | None

    @property
    def starts_at(self) -> datetime | None:
        """When its next run may start (UTC); None where only an event can tell."""
        return self.plan.starts_at if self.plan else None

    @property
    def due(self) -> bool:
        """Whether a run would be queued at that moment."""
        return self.plan is not None and bool(self.plan.due)

    @property
    def reason(self) -> str:
        """Why it is due or not."""
        return self.schedule.problem if self.plan is None else self.plan.reason

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        task = self.schedule.settings.task
        return {**self.schedule.to_json(), "task": task, "due": self.due, **self.next_json()}

    def next_json(self) -> dict[str, Any]:
        """When it runs next, and why, for `--json`."""
        return {
            "schedule": self.schedule.name,
            "run": self.schedule.settings.run,
            "starts_at": self.starts_at.isoformat() if self.starts_at else None,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class OccurrenceEnd:
    """An occurrence and the run that it became.

    Attributes:
        run: None where it became none, or the run was removed.
    """

    occurrence: ScheduleOccurrence
    run: ListedRun | None

    @property
    def end(self) -> str:
        """The status of its run, "removed" where `gc` took that, or why it has none."""
        if self.run is None and self.occurrence.run_id is not None:
            return "removed"
        return self.run.status if self.run else self.occurrence.status

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        found = self.occurrence
        times = {
            name: value.isoformat() if value else None
            for name, value in (
                ("due_at", found.due_at),
                ("last_at", found.last_at),
                ("not_before", found.not_before),
                ("recorded_at", found.recorded_at),
            )
        }
        said = {"schedule": found.schedule, "count": found.count, "reason": found.reason}
        return {**said, **times, "run": found.run_id, "end": self.end}


def list_schedules(context: Context, now: datetime | None = None) -> list[PlannedSchedule]:
    """Return the schedules that the actor may see, by name, with what each would do now.

    Args:
        context: settings, store, registry, actor and event stream.
        now: the moment to look at (UTC); default: the present.
    """
    at = now or utc_now()
    schedules = seen_schedules(context, at)
    facts = StoreFacts(context)
    return [_planned(each, facts, at) for each in schedules.values()]


def show_schedule(context: Context, name: str, now: datetime | None = None) -> PlannedSchedule:
    """Return one schedule with what it would do at a moment (UTC; default: now).

    Raises:
        NotFoundError: when there is none of that name.
    """
    authorize_some(context.actor, Permission.READ)
    at = now or utc_now()
    found = one_schedule(context, name, at)
    authorize(context.actor, Permission.READ, found.settings.task)
    return _planned(found, StoreFacts(context), at)


def due_schedules(context: Context, at: datetime | None = None) -> list[PlannedSchedule]:
    """Return when each schedule would run next and why, the next first.

    Args:
        context: settings, store, registry, actor and event stream.
        at: as seen from this moment (UTC); default: now.
    """
    found = list_schedules(context, at)
    return sorted(found, key=lambda each: each.starts_at or _NEVER)


def next_retraining(context: Context, task: str, now: datetime | None = None) -> str | None:
    """Say which schedule retrains a task next, and when; None where none is known to.

    Args:
        context: settings and store; it does not matter who asks.
        task: the task's name.
        now: the moment to look at (UTC); default: the present.
    """
    at = now or utc_now()
    facts = StoreFacts(context)
    mine = (
        _planned(each, facts, at)
        for each in all_schedules(context, at).values()
        if (each.settings.run, each.settings.task) == ("retrain", task) and not each.state.paused
    )
    found = min(
        (each for each in mine if each.due or each.starts_at),
        key=lambda each: at if each.due else each.starts_at or _NEVER,
        default=None,
    )
    if found is None:
        return None
    name = f"schedule {found.schedule.name} starts a retraining"
    if found.due:
        return f"{name} now: {found.reason}"
    return f"{name} at {found.starts_at:%Y-%m-%d %H:%M} UTC"


def schedule_history(context: Context, name: str, *, limit: int = 20) -> list[OccurrenceEnd]:
    """Return a schedule's occurrences and how they ended, newest first.

    A schedule that was removed has its history too.

    Raises:
        NotFoundError: when nothing is known of that name.
    """
    authorize_some(context.actor, Permission.READ)
    found = context.store.schedules.history(name, limit)
    known = seen_schedules(context, utc_now())
    if name not in known and (not found or not may(context.actor, Permission.READ)):
        raise NotFoundError("schedule", name, known)
    lost = context.store.runs.lost()
    return [OccurrenceEnd(each, _run_of(context, each, lost)) for each in found]


def _run_of(context: Context, found: ScheduleOccurrence, lost: frozenset[str]) -> ListedRun | None:
    if found.run_id is None:
        return None
    try:
        return listed(context.store.runs.get(found.run_id), lost)
    except NotFoundError:  # it was removed since
        return None


def _planned(schedule: Schedule, facts: StoreFacts, now: datetime) -> PlannedSchedule:
    if schedule.problem:
        return PlannedSchedule(schedule, None)
    state = schedule.state
    while (found := plan(schedule.name, schedule.settings, state, facts, now)).more:
        state = found.state
    return PlannedSchedule(schedule, found)
