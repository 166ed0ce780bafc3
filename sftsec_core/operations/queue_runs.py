"""Ask the queue for a run, take one back, or ask for it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.config.schedules import WHOLE_STATE
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.run_kinds import check_parameters, run_kind, task_of
from sftsec_core.store.run_queue import RunRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.domain import RunInfo
    from sftsec_core.operations.context import Context
    from sftsec_core.store.run_queue import QueuedRun


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a run is to be carried out.

    Attributes:
        parameters: of the kind.
        priority: higher first.
        retries: how often it begins again after what may pass, such as a lost connection.
        timeout: how long an attempt may take; None leaves it to the worker.
        not_before: it waits until then (UTC).
        overlap: it may begin while another kind runs on the task.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 0
    retries: int = 0
    timeout: timedelta | None = None
    not_before: datetime | None = None
    overlap: bool = False


def add_run(
    context: Context, kind: str, task: str | None, options: RunOptions | None = None
) -> RunInfo:
    """Queue a run, for a worker to carry out on behalf of the actor.

    Args:
        context: settings, store, registry, actor and event stream.
        kind: "retrain", "score", ...
        task: the task's name; None for a kind that concerns no single one.
        options: how it is to be carried out.

    Raises:
        NotFoundError: when there is no such kind or task.
        UsageError: when a parameter is wrong.
    """
    found, options = run_kind(kind), options or RunOptions()
    for permission in found.permissions:
        authorize(context.actor, permission, task)
    name = task_of(kind, task)
    if name != WHOLE_STATE:
        context.task(name)
    parameters = check_parameters(kind, options.parameters).model_dump(mode="json")
    if "connector" in parameters:
        context.connector_config(parameters["connector"])
    queued = context.store.queue.enqueue(
        RunRequest(
            kind,
            name,
            parameters,
            context.actor.name,
            sorted(context.actor.roles),
            priority=options.priority,
            retries=options.retries,
            timeout_s=options.timeout.total_seconds() if options.timeout else None,
            not_before=options.not_before,
            overlap=options.overlap,
        )
    )
    assert queued is not None  # noqa: S101 - only a schedule's occurrence can be there already
    context.store.audit.append("run.queued", name, {"run": queued.id, "kind": kind})
    return queued


def cancel_run(context: Context, run: str) -> RunInfo:
    """Cancel a run: at once where it waits, within seconds where it is under way.

    Args:
        context: settings, store, registry, actor and event stream.
        run: its id, or the beginning of it.

    Raises:
        NotFoundError: when there is no such run.
        StoreError: when it has ended.
    """
    authorize(context.actor, Permission.MANAGE_RUNS)
    found = context.store.runs.get(run)
    cancelled = context.store.queue.cancel(found.id)
    context.store.audit.append("run.cancelled", found.task, {"run": found.id})
    return cancelled


def retry_run(context: Context, run: str) -> RunInfo:
    """Queue a run again: one that was interrupted resumes, of one that has ended another begins.

    Args:
        context: settings, store, registry, actor and event stream.
        run: its id, or the beginning of it.

    Raises:
        NotFoundError: when there is no such run.
        StoreError: when it waits or is under way.
    """
    authorize(context.actor, Permission.MANAGE_RUNS)
    found = context.store.runs.get(run)
    for permission in run_kind(found.kind).permissions:
        authorize(context.actor, permission, found.task)
    actor = context.actor
    queued = context.store.queue.retry(found.id, actor=actor.name, roles=sorted(actor.roles))
    details = {"run": queued.id, "kind": found.kind, "again": found.id}
    context.store.audit.append("run.queued", found.task, details)
    return queued


def list_waiting(context: Context) -> Sequence[QueuedRun]:
    """Return what waits for a worker, in the order in which it is begun."""
    authorize(context.actor, Permission.READ)
    return context.store.queue.waiting()
