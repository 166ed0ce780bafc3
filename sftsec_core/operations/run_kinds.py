"""The kinds of runs that the queue knows: what each takes and what its actor must be allowed to do.

What carries them out is in `jobs`: who only queues or plans a run imports none of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import NotFoundError, UsageError, unknown
from sftsec_core.api.settings.values import Duration, Strict, format_duration
from sftsec_core.config.schedules import WHOLE_STATE
from sftsec_core.plugins import get

if TYPE_CHECKING:
    from collections.abc import Collection

    from sftsec_core.config.schedules import ScheduleSettings


class NoParameters(Strict):
    """A kind that takes none."""


class RetrainParameters(Strict):
    """As `sftsec retrain`."""

    promote: bool = Field(True, description="False stops at the gate's decision.")
    force: bool = Field(False, description="Train also when no verdict is new.")
    budget: Duration | None = Field(
        None, gt=timedelta(0), description="Time for training, instead of the task's train.budget."
    )


class AdaptParameters(Strict):
    """As `sftsec adapt`."""

    budget: Duration = Field(
        timedelta(minutes=10), gt=timedelta(0), description="Time for the training."
    )


class ScoreParameters(Strict):
    """As `sftsec score`."""

    rescan: bool = Field(False, description="Score everything in the window again.")


class RequestLabelsParameters(Strict):
    """As `sftsec labels request`."""

    limit: int = Field(20, ge=1, description="Incidents to ask about at most.")


class AuditPushParameters(Strict):
    """As `sftsec audit push`."""

    connector: str = Field(description="The connector that keeps the copy.")


class GcParameters(Strict):
    """As `sftsec gc --yes`."""

    older_than: Duration = Field(timedelta(days=30), description="What is younger stays.")
    keep: int = Field(5, ge=0, description="So many models of each task stay.")


@dataclass(frozen=True, slots=True)
class RunKind:
    """A kind of run.

    Attributes:
        parameters: what it takes.
        permissions: what the actor who queues it must be allowed to do.
        records: whether it records itself as a run.
        of_task: whether it concerns one task; else its task is "*".
    """

    parameters: type[Strict]
    permissions: tuple[Permission, ...]
    records: bool = True
    of_task: bool = True


KINDS: Mapping[str, RunKind] = {
    "retrain": RunKind(RetrainParameters, (Permission.RETRAIN, Permission.PROMOTE)),
    "adapt": RunKind(AdaptParameters, (Permission.RETRAIN,)),
    "score": RunKind(ScoreParameters, (Permission.SCORE,)),
    "dataset": RunKind(NoParameters, (Permission.BUILD_DATASET,)),
    "request-labels": RunKind(RequestLabelsParameters, (Permission.REQUEST_LABELS,), records=False),
    "drift": RunKind(NoParameters, (Permission.WATCH,), records=False),
    "audit-push": RunKind(
        AuditPushParameters, (Permission.EXPORT_AUDIT,), records=False, of_task=False
    ),
    "gc": RunKind(GcParameters, (Permission.CLEAN_UP,), records=False, of_task=False),
}


def run_kind(kind: str) -> RunKind:
    """A kind of run.

    Raises:
        NotFoundError: when there is no such kind.
    """
    return get("kind of run", kind, KINDS)


def check_parameters(kind: str, given: Mapping[str, Any]) -> Strict:
    """Check the parameters of a kind.

    Raises:
        NotFoundError: when there is no such kind.
        UsageError: naming the parameter that is wrong, and what is allowed.
    """
    model = run_kind(kind).parameters
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(map(str, first["loc"]))
        known = ", ".join(sorted(model.model_fields)) or "none"
        raise UsageError(
            f"parameter {name!r} of {kind}: {first['msg']} (it takes: {known})"
        ) from None


def permissions_of(kind: str, given: Mapping[str, Any]) -> tuple[Permission, ...]:
    """What an actor must be allowed to do, to have a kind run with these parameters."""
    unused = {Permission.PROMOTE} if given.get("promote") is False else set()
    return tuple(each for each in run_kind(kind).permissions if each not in unused)


def task_of(kind: str, task: str | None) -> str:
    """The task that a run of a kind stands under.

    Raises:
        NotFoundError: when there is no such kind.
        UsageError: when a task is missing, or one is named for a kind that has none.
    """
    found = run_kind(kind)
    if found.of_task and task in (None, WHOLE_STATE):
        raise UsageError(f"{kind} works on one task: name it")
    if not found.of_task and task not in (None, WHOLE_STATE):
        raise UsageError(f"{kind} concerns no single task: leave {task!r} out")
    return task if found.of_task and task else WHOLE_STATE


def problem_of(tasks: Collection[str], settings: ScheduleSettings) -> str:
    """What keeps a schedule from running: a task or an option that is not there; "" for nothing.

    Args:
        tasks: those that sftsec.yaml names.
        settings: the schedule.
    """
    missing = (each for each in settings.named_tasks.values() if each not in tasks)
    for each in missing:
        return unknown("task", each, tasks)
    try:
        check_parameters(settings.run, run_parameters(settings))
    except (NotFoundError, UsageError) as error:
        return str(error)
    return ""


def run_parameters(settings: ScheduleSettings) -> dict[str, Any]:
    """The parameters of a schedule's runs."""
    budget = {"budget": format_duration(settings.budget)} if settings.budget else {}
    return {**settings.options, **budget}
