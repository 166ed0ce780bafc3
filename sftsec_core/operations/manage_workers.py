"""List the workers with what each runs, and ask them to end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.operations.authorize import authorize, authorize_some, may

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.operations.context import Context
    from sftsec_core.store.run_queue import QueuedRun
    from sftsec_core.store.workers import WorkerInfo


@dataclass(frozen=True, slots=True)
class ListedWorker:
    """A worker and what it runs."""

    info: WorkerInfo
    runs: tuple[QueuedRun, ...]

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        info = self.info
        return {
            "worker": info.name,
            "host": info.host,
            "pid": info.pid,
            "version": info.version,
            "slots": info.slots,
            "started_at": info.started_at.isoformat(),
            "state": info.state,
            "problem": info.problem,
            "runs": [each.info.id for each in self.runs],
        }


def list_workers(context: Context) -> Sequence[ListedWorker]:
    """Return the workers of the last day, newest first."""
    authorize(context.actor, Permission.READ)
    store = context.store
    return [
        ListedWorker(each, tuple(store.queue.of_worker(each.name))) for each in store.workers.list()
    ]


def failing_workers(context: Context) -> Sequence[WorkerInfo]:
    """Return the workers that do not queue what is due; none to those who may not see all tasks.

    What is wrong may name schedules of any task.
    """
    authorize_some(context.actor, Permission.READ)
    if not may(context.actor, Permission.READ):
        return ()
    return [each for each in context.store.workers.list() if each.failing]


def drain_workers(context: Context, name: str | None = None) -> Sequence[str]:
    """Ask a worker, or all, to end what they run, take nothing new, and end.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the worker's name; None for all.

    Returns:
        The names of those that were asked.

    Raises:
        NotFoundError: when no such worker is alive.
    """
    authorize(context.actor, Permission.MANAGE_RUNS)
    asked = context.store.workers.drain(name)
    for each in asked:
        context.store.audit.append("worker.drained", each, {})
    return asked
