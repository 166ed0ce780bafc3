"""What the use cases of schedules share: which there are, and what their triggers may ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import ConfigError, NotFoundError
from sftsec_core.config.load import validate
from sftsec_core.config.schedules import WHOLE_STATE, ScheduleSettings
from sftsec_core.operations.authorize import ADMIN, authorize_some, may
from sftsec_core.operations.run_kinds import problem_of, run_parameters
from sftsec_core.store.run_queue import RunRequest
from sftsec_core.store.schedules import ScheduleState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.operations.context import Context
    from sftsec_core.store.schedules import ScheduleOccurrence, StoredSchedule

_BEGINNING = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule, from wherever it is.

    Attributes:
        settings: what it is.
        state: how far it has come.
        source: "sftsec.yaml" or "store".
        actor: whose its runs are.
        roles: that actor's.
        stored: its row; None before a worker has seen what sftsec.yaml says.
        problem: why it cannot run, such as a task that is no longer there; "" when it can.
    """

    name: str
    settings: ScheduleSettings
    state: ScheduleState
    source: str
    actor: str
    roles: tuple[str, ...]
    stored: StoredSchedule | None
    problem: str = ""

    def refuse_problem(self) -> None:
        """Let a schedule that can run pass.

        Raises:
            ConfigError: when it cannot.
        """
        if self.problem:
            raise ConfigError(f"schedule {self.name}: {self.problem}")

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "schedule": self.name,
            "source": self.source,
            "paused": self.state.paused,
            "actor": self.actor,
            "problem": self.problem or None,
            "settings": settings_json(self.settings),
        }


def settings_json(settings: ScheduleSettings) -> dict[str, Any]:
    """The settings as sftsec.yaml has them: what was said, without defaults."""
    found: dict[str, Any] = settings.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    return found


def all_schedules(context: Context, now: datetime) -> dict[str, Schedule]:
    """All schedules by name: those of sftsec.yaml where it has the section, else the store's.

    Args:
        context: settings and store.
        now: where one begins that no worker has seen yet (UTC).

    Raises:
        ConfigError: when the store holds one that this version does not read.
    """
    stored = {each.name: each for each in context.store.schedules.list()}
    if context.settings.schedules is not None:
        named = sorted(context.settings.schedules.items())
        return {name: _in_file(context, name, each, stored.get(name), now) for name, each in named}
    return {
        name: _in_store(context, name, row)
        for name, row in stored.items()
        if row.settings is not None
    }


def seen_schedules(context: Context, at: datetime) -> dict[str, Schedule]:
    """The schedules of tasks that the actor may see; one of no task takes all of them.

    Raises:
        AuthorizationError: when the actor may see no task.
    """
    authorize_some(context.actor, Permission.READ)
    found = all_schedules(context, at).items()
    actor = context.actor
    return {name: each for name, each in found if may(actor, Permission.READ, each.settings.task)}


def one_schedule(context: Context, name: str, now: datetime) -> Schedule:
    """A schedule by its name.

    Raises:
        NotFoundError: when there is none of that name.
    """
    known = all_schedules(context, now)
    if name not in known:
        raise NotFoundError("schedule", name, known)
    return known[name]


def refuse_beside_file(context: Context) -> None:
    """Refuse to change schedules of the store beside those of sftsec.yaml.

    Raises:
        ConfigError: when sftsec.yaml has the section `schedules`.
    """
    if context.settings.schedules is not None:
        raise ConfigError(
            "this file says which schedules there are: change them there (pause, resume and run "
            "work on them), or take the section out to keep schedules in the store",
            file=context.file,
            path="schedules",
        )


def register_schedule(context: Context, schedule: Schedule) -> StoredSchedule:
    """The row of a schedule; one of sftsec.yaml gets it now, or begins again if it changed."""
    name, stored, trigger = schedule.name, schedule.stored, schedule.settings.trigger
    if stored is not None and dict(stored.trigger) == trigger:
        return stored
    # One that the store holds under the name, unused while the section is there, stays.
    kept = stored if stored is not None and stored.settings is not None else None
    actor, roles = (kept or schedule).actor, (kept or schedule).roles
    settings = kept.settings if kept else None
    context.store.schedules.put(name, settings, trigger, actor=actor, roles=roles)
    return context.store.schedules.get(name)


class StoreFacts:
    """What triggers ask, of the store. How runs ended is read once, for all schedules."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._tasks = context.settings.tasks

    @cached_property
    def _ends(self) -> dict[tuple[str, str, str], tuple[datetime, datetime]]:
        return self._store.schedules.ends()

    @cached_property
    def _promotions(self) -> dict[str, datetime]:
        return self._store.schedules.promotions()

    def unfinished(self, schedule: str) -> str | None:
        """The id of a run of this schedule that has not ended."""
        return self._store.schedules.unfinished(schedule)

    def last_run(self, kind: str, task: str) -> tuple[datetime, datetime] | None:
        """Start and end of the newest ended runs of a kind on a task."""
        found = [pair for each, pair in self._ends.items() if each[:2] == (kind, task)]
        if not found:
            return None
        return max(begun for begun, _ in found), max(ended for _, ended in found)

    def new_verdicts(
        self, task: str, after: datetime | None, count: int
    ) -> tuple[int, datetime | None]:
        """How many verdicts were pulled after a moment, and when the `count`th was."""
        found = self._store.schedules.pulled(self._tasks[task].connectors, after, count)
        return len(found), found[-1] if len(found) >= count else None

    def figures(
        self, task: str, name: str, after: datetime | None
    ) -> Sequence[tuple[datetime, float]]:
        """A figure's values after a moment, oldest first."""
        found = self._store.figures.since(task, name, after or _BEGINNING)
        return [(each.at, each.value) for each in found if after is None or each.at > after]

    def reached(self, kind: str, task: str, end: str, after: datetime | None) -> datetime | None:
        """When a run of a kind first came to this end after a moment."""
        newest = self._newest(kind, task, end)
        if newest is None or (after is not None and newest <= after):
            return None
        return self._store.schedules.reached(kind, task, end, after)

    def _newest(self, kind: str, task: str, end: str) -> datetime | None:
        if end == "promoted":
            return self._promotions.get(task)
        found = (
            ended
            for (of, on, status), (_, ended) in self._ends.items()
            if (of, on) == (kind, task) and end in (status, "ended")
        )
        return max(found, default=None)


def _in_file(
    context: Context,
    name: str,
    settings: ScheduleSettings,
    row: StoredSchedule | None,
    now: datetime,
) -> Schedule:
    same = row is not None and dict(row.trigger) == settings.trigger
    begun = ScheduleState(now, now, paused=row.state.paused if row else False)
    state = row.state if row is not None and same else begun
    actor = f"schedule:{name}"
    problem = problem_of(context.settings.tasks, settings)
    return Schedule(name, settings, state, "sftsec.yaml", actor, (ADMIN,), row, problem)


def _in_store(context: Context, name: str, row: StoredSchedule) -> Schedule:
    settings = validate(ScheduleSettings, row.settings, path=("schedules", name))
    problem = problem_of(context.settings.tasks, settings)
    return Schedule(name, settings, row.state, "store", row.actor, row.roles, row, problem)


def run_request(schedule: Schedule, found: ScheduleOccurrence) -> RunRequest:
    """What is asked of the queue for an occurrence."""
    settings = schedule.settings
    return RunRequest(
        settings.run,
        settings.task or WHOLE_STATE,
        run_parameters(settings),
        schedule.actor,
        schedule.roles,
        priority=settings.priority,
        retries=settings.retries,
        timeout_s=settings.timeout.total_seconds() if settings.timeout else None,
        needs=settings.needs.model_dump() if settings.needs.gpus else None,
        schedule=schedule.name,
        due_at=found.due_at,
        not_before=found.not_before,
        overlap=settings.overlap,
    )
