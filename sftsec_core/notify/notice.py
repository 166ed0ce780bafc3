"""What is told of an event: nothing of an incident, and nothing that is secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import DriftFound, Event, ModelPromoted, RunFinished

if TYPE_CHECKING:
    from sftsec_core.config.notify import NoticeKind

_MOST_TEXT = 500  # characters of an error


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that is told.

    Attributes:
        kind: "drift", "run_failed", "refused" or "promotion".
        task: the task that it is about.
        subject: with kind and task, what makes it the same as an earlier one.
        title: one line.
        text: what to do.
        data: the same for a program, as JSON values.
    """

    kind: NoticeKind
    task: str
    subject: str
    title: str
    text: str
    data: Mapping[str, Any] = field(default_factory=dict)


def notice_of(event: Event) -> Notice | None:
    """The notice of an event; None for one that nobody is told of."""
    task = event.task or ""
    if isinstance(event, DriftFound):
        names = ", ".join(sorted(event.monitors))
        return Notice(
            "drift",
            task,
            event.model,
            f"{task}: drift in {names}",
            f"What is scored is no longer like what the model was trained on: sftsec drift show "
            f"{task}. If analysts have given verdicts since: sftsec retrain {task}",
            {"model": event.model, "monitors": dict(event.monitors), "events": event.events},
        )
    if isinstance(event, ModelPromoted):
        return Notice(
            "promotion",
            task,
            event.digest,
            f"{task}: model {event.digest[:12]} is live",
            f"Restore the one before it: sftsec model rollback {task}",
            {"model": event.digest},
        )
    return _of_run(event, task) if isinstance(event, RunFinished) else None


def _of_run(event: RunFinished, task: str) -> Notice | None:
    data = {"run": event.run, "kind": event.kind}
    if event.status == "failed":
        error = " ".join((event.error or "").split())[:_MOST_TEXT]
        return Notice(
            "run_failed",
            task,
            event.kind,
            f"{task}: {event.kind} failed",
            f"{error}\nsftsec run show {event.run}",
            {**data, "error": error},
        )
    if event.status == "refused":
        title = f"{task}: the promotion gate rejected a model"
        return Notice("refused", task, event.run or "", title, f"sftsec report --task {task}", data)
    return None
