"""The kinds of runs that the queue knows, each with its parameters and what carries it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import UsageError
from sftsec_core.api.settings.values import Duration, Strict
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.check_drift import check_drift
from sftsec_core.operations.export_audit import export_audit
from sftsec_core.operations.remove_unused import remove_unused
from sftsec_core.operations.request_labels import request_labels
from sftsec_core.operations.retrain import retrain
from sftsec_core.operations.running import recorded
from sftsec_core.operations.score import score
from sftsec_core.operations.unused import UnusedOrder
from sftsec_core.plugins import get
from sftsec_core.store.run_queue import ANY_TASK

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context


class NoParameters(Strict):
    """A kind that takes none."""


class RetrainParameters(Strict):
    """As `sftsec retrain`."""

    promote: bool = Field(True, description="False stops at the gate's decision.")
    force: bool = Field(False, description="Train also when no verdict is new.")
    budget: Duration | None = Field(
        None, gt=timedelta(0), description="Time for training, instead of the task's train.budget."
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
        run: called with context, task and parameters.
        parameters: what it takes.
        permissions: what the actor who queues it must be allowed to do.
        records: whether it records itself as a run.
        of_task: whether it concerns one task; else its task is "*".
    """

    run: Callable[[Context, str, Any], object]
    parameters: type[Strict]
    permissions: tuple[Permission, ...]
    records: bool = True
    of_task: bool = True


JOBS: Mapping[str, RunKind] = {
    "retrain": RunKind(
        lambda context, task, p: retrain(
            context.with_budget(task, p.budget) if p.budget else context,
            task,
            promote=p.promote,
            force=p.force,
        ),
        RetrainParameters,
        (Permission.RETRAIN, Permission.PROMOTE),
    ),
    "score": RunKind(
        lambda context, task, p: score(context, task, rescan=p.rescan),
        ScoreParameters,
        (Permission.SCORE,),
    ),
    "dataset": RunKind(
        lambda context, task, _: build_dataset(context, task),
        NoParameters,
        (Permission.BUILD_DATASET,),
    ),
    "request-labels": RunKind(
        lambda context, task, p: request_labels(context, task, limit=p.limit),
        RequestLabelsParameters,
        (Permission.REQUEST_LABELS,),
        records=False,
    ),
    "drift": RunKind(
        lambda context, task, _: check_drift(context, task),
        NoParameters,
        (Permission.WATCH,),
        records=False,
    ),
    "audit-push": RunKind(
        lambda context, _, p: export_audit(context, p.connector),
        AuditPushParameters,
        (Permission.EXPORT_AUDIT,),
        records=False,
        of_task=False,
    ),
    "gc": RunKind(
        lambda context, _, p: remove_unused(
            context, UnusedOrder(p.older_than, p.keep), remove=True
        ),
        GcParameters,
        (Permission.CLEAN_UP,),
        records=False,
        of_task=False,
    ),
}


def job_of(kind: str) -> RunKind:
    """A kind of run.

    Raises:
        NotFoundError: when there is no such kind.
    """
    return get("kind of run", kind, JOBS)


def job_parameters(kind: str, given: Mapping[str, Any]) -> Strict:
    """Check the parameters of a kind.

    Raises:
        NotFoundError: when there is no such kind.
        UsageError: naming the parameter that is wrong, and what is allowed.
    """
    model = job_of(kind).parameters
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
    return tuple(each for each in job_of(kind).permissions if each not in unused)


def run_job(context: Context) -> None:
    """Carry out the run that a worker claimed for this process, as its actor.

    Raises:
        SftsecError: one class for each kind of failure.
    """
    claimed = context.claimed
    assert claimed is not None  # noqa: S101 - a worker's process has one
    request = claimed.request
    job = job_of(request.kind)
    parameters = job_parameters(request.kind, request.parameters)
    if job.records:
        job.run(context, request.task, parameters)
        return
    settings = {"parameters": parameters.model_dump(mode="json")}
    with recorded(context, request.kind, request.task, settings):
        job.run(context, request.task, parameters)


def task_of(kind: str, task: str | None) -> str:
    """The task that a run of a kind stands under.

    Raises:
        NotFoundError: when there is no such kind.
        UsageError: when a task is missing, or one is named for a kind that has none.
    """
    job = job_of(kind)
    if job.of_task and task in (None, ANY_TASK):
        raise UsageError(f"{kind} works on one task: name it")
    if not job.of_task and task not in (None, ANY_TASK):
        raise UsageError(f"{kind} concerns no single task: leave {task!r} out")
    return task if job.of_task and task else ANY_TASK
