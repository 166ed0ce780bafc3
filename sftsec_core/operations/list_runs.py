"""List runs with how each ended, those of a killed process too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission, RunInfo
from sftsec_core.operations.authorize import authorize_some, may, permitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.operations.context import Context

LOST = "its process ended without a word; the same command resumes it"


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run and how it ended.

    Attributes:
        status: of the run; "interrupted" too where it runs on record and its lease has ended.
        end: the line that says why it ended so; "" where there is nothing to say.
    """

    info: RunInfo
    status: str
    end: str

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        info = self.info
        return {
            "run": info.id,
            "kind": info.kind,
            "task": info.task,
            "status": self.status,
            "end": self.end,
            "started_at": info.started_at.isoformat(),
            "finished_at": info.finished_at.isoformat() if info.finished_at else None,
            "seconds": seconds(info),
        }


def list_runs(
    context: Context, task: str | None = None, *, kind: str | None = None, limit: int = 20
) -> Sequence[ListedRun]:
    """Return runs of tasks that the actor may see, newest first.

    Args:
        context: settings, store, registry, actor and event stream.
        task: only this task's.
        kind: only "retrain", "score" or "dataset".
        limit: how many at most.
    """
    authorize_some(context.actor, Permission.READ, task)
    lost = context.store.runs.lost()
    return [listed(info, lost) for info in seen_runs(context, task, kind, limit)]


def seen_runs(context: Context, task: str | None, kind: str | None, limit: int) -> list[RunInfo]:
    """The newest runs of a task or, without one, of all tasks that the actor may see."""
    runs = context.store.runs
    if task is not None or may(context.actor, Permission.READ):
        return runs.list(task, kind=kind, limit=limit)
    tasks = permitted(context.actor, Permission.READ, context.settings.tasks)
    found = [info for each in tasks for info in runs.list(each, kind=kind, limit=limit)]
    return sorted(found, key=lambda info: (info.started_at, info.id), reverse=True)[:limit]


def listed(info: RunInfo, lost: frozenset[str]) -> ListedRun:
    """A run with how it ended, given the ids of those whose process was killed."""
    if info.id in lost:
        return ListedRun(info, "interrupted", LOST)
    return ListedRun(info, info.status, info.error or "")


def seconds(info: RunInfo) -> float | None:
    """How long a run took, in seconds, with the time between an interruption and its resumption."""
    if info.finished_at is None:
        return None
    return (info.finished_at - info.started_at).total_seconds()
