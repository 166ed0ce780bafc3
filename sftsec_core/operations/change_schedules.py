"""Add, change and remove schedules of the store; pause and resume any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import ConfigError, unknown
from sftsec_core.config.load import validate
from sftsec_core.config.schedules import ScheduleSettings, check_schedule_name
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.run_kinds import permissions_of, problem_of
from sftsec_core.operations.scheduling import (
    Schedule,
    all_schedules,
    one_schedule,
    refuse_beside_file,
    register_schedule,
    settings_json,
)
from sftsec_core.store.columns import utc_now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.operations.context import Context


def add_schedule(context: Context, name: str, given: Mapping[str, Any]) -> Schedule:
    """Keep a schedule in the store; its runs are the actor's.

    Args:
        context: settings, store, registry, actor and event stream.
        name: what it is called.
        given: its settings, as sftsec.yaml would have them.

    Raises:
        ConfigError: when a setting is wrong, the name is taken, or sftsec.yaml has schedules.
        AuthorizationError: when the actor may not do what it would run.
    """
    authorize(context.actor, Permission.SCHEDULE)
    refuse_beside_file(context)
    try:
        check_schedule_name(name)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if name in all_schedules(context, utc_now()):
        raise ConfigError(f"there is a schedule {name!r} already: sftsec schedule edit {name}")
    return _write(context, name, given, "schedule.added")


def edit_schedule(context: Context, name: str, changes: Mapping[str, Any]) -> Schedule:
    """Change settings of a schedule; while its trigger is the same it stays as far as it has come.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the schedule.
        changes: new values by their keys; None takes a setting back to its default.

    Raises:
        NotFoundError: when there is none of that name.
        ConfigError: when a setting is wrong, or sftsec.yaml has schedules.
        AuthorizationError: when the actor may not do what it would run.
    """
    authorize(context.actor, Permission.SCHEDULE)
    refuse_beside_file(context)
    before = one_schedule(context, name, utc_now())
    wrong = next((key for key in changes if key not in ScheduleSettings.model_fields), None)
    if wrong is not None:
        raise ConfigError(unknown("key", wrong, ScheduleSettings.model_fields))
    merged = {**settings_json(before.settings), **changes}
    given = {key: value for key, value in merged.items() if value is not None}
    return _write(context, name, given, "schedule.edited")


def remove_schedule(context: Context, name: str) -> Schedule:
    """Forget a schedule of the store; its history stays.

    Raises:
        NotFoundError: when there is none of that name.
        ConfigError: when sftsec.yaml has schedules.
    """
    authorize(context.actor, Permission.SCHEDULE)
    refuse_beside_file(context)
    schedule = one_schedule(context, name, utc_now())
    with context.store.writing() as connection:
        context.store.schedules.remove(name, joined=connection)
        context.store.audit.append(
            "schedule.removed", name, {"settings": settings_json(schedule.settings)},
            joined=connection,
        )  # fmt: skip
    return schedule


def pause_schedule(context: Context, name: str) -> Schedule:
    """Let a schedule rest: its times pass unused, its conditions wait.

    Raises:
        NotFoundError: when there is none of that name.
    """
    authorize(context.actor, Permission.SCHEDULE)
    return _set_paused(context, name, True)


def resume_schedule(context: Context, name: str) -> Schedule:
    """Let a paused schedule go on; its times count from now on.

    Raises:
        NotFoundError: when there is none of that name.
    """
    authorize(context.actor, Permission.SCHEDULE)
    return _set_paused(context, name, False)


def _set_paused(context: Context, name: str, paused: bool) -> Schedule:
    register_schedule(context, one_schedule(context, name, utc_now()))
    with context.store.writing() as connection:
        context.store.schedules.set_paused(name, paused, joined=connection)
        action = "schedule.paused" if paused else "schedule.resumed"
        context.store.audit.append(action, name, joined=connection)
    return one_schedule(context, name, utc_now())


def _write(context: Context, name: str, given: Mapping[str, Any], action: str) -> Schedule:
    settings = validate(ScheduleSettings, dict(given), path=("schedules", name))
    problem = problem_of(context.settings.tasks, settings)
    if problem:
        raise ConfigError(problem, path=f"schedules.{name}")
    for permission in permissions_of(settings.run, settings.options):
        authorize(context.actor, permission, settings.task)
    said = settings_json(settings)
    with context.store.writing() as connection:
        context.store.schedules.put(
            name,
            said,
            settings.trigger,
            actor=context.actor.name,
            roles=context.actor.roles,
            joined=connection,
        )
        context.store.audit.append(action, name, {"settings": said}, joined=connection)
    return one_schedule(context, name, utc_now())
