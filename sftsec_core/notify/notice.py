"""What is told of an event: nothing of an incident, and nothing that is secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import DriftFound, Event, LiveQualityFell, ModelPromoted, RunFinished

if TYPE_CHECKING:
    from sftsec_core.config.notify import NoticeKind

_MOST_TEXT = 500  # characters of an error


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that is told.

    Attributes:
        kind: "drift", "quality", "run_failed", "refused" or "promotion".
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
            f"{task}. {_what_next(task, event.retraining, '--drift-above 1')}",
            {
                "model": event.model,
                "monitors": dict(event.monitors),
                "events": event.events,
                "retraining": event.retraining,
            },
        )
    if isinstance(event, LiveQualityFell):
        return _of_quality(event, task)
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


def _of_quality(event: LiveQualityFell, task: str) -> Notice:
    name = event.figure.replace("_", " ")
    bound = f"--{event.figure.replace('_', '-')}-below {event.expected:.2f}"
    return Notice(
        "quality",
        task,
        f"{event.model}/{event.figure}",
        f"{task}: {name} {event.value:.1%} ({event.low:.1%} to {event.high:.1%})",
        f"The report of the live model had {event.expected:.1%} or more: sftsec drift show {task}. "
        f"{_what_next(task, event.retraining, bound)}",
        {
            "model": event.model,
            "figure": event.figure,
            "value": event.value,
            "low": event.low,
            "high": event.high,
            "expected": event.expected,
            "retraining": event.retraining,
        },
    )


def _what_next(task: str, retraining: str | None, condition: str) -> str:
    """Which schedule retrains, or the command that does, and the one that has it done."""
    if retraining is not None:
        return f"{retraining}; its model goes live only if the promotion gate approves it."
    return (
        f"If analysts have given verdicts since: sftsec retrain {task}. To have that started: "
        f"sftsec schedule add {task}-quality --run retrain --task {task} {condition} --cool-down 1d"
    )


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
