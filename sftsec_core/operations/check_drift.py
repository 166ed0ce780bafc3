"""Check whether what was scored still is like what the live model was made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.domain import DriftFound, Permission
from sftsec_core.api.errors import DataError
from sftsec_core.drift.check import Monitor, monitors
from sftsec_core.drift.labels import LabelEstimate, estimate_labels
from sftsec_core.drift.sketch import LABEL, SCORE, Sketch
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.drift_reference import reference_of
from sftsec_core.operations.list_schedules import next_retraining
from sftsec_core.operations.live_precision import LivePrecision, live_precision
from sftsec_core.operations.live_quality import QualityWatch
from sftsec_core.operations.live_recall import LiveRecall, live_recall
from sftsec_core.operations.live_verdicts import judged_alerts
from sftsec_core.operations.score import live_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from sftsec_core.api.domain import ModelRef
    from sftsec_core.drift.reference import Reference
    from sftsec_core.operations.context import Context
    from sftsec_core.store.drift_windows import DriftWindow

_ESTIMATED_OVER = 20  # windows: one has too few attacks to tell how many there are


@dataclass(frozen=True, slots=True)
class WindowReport:
    """What was found of one window.

    Attributes:
        checked: an earlier check has told of it.
        labels: what the labels of it and of the windows before it are; None where the decisions
            do not tell.
    """

    window: DriftWindow
    monitors: tuple[Monitor, ...]
    labels: LabelEstimate | None
    estimated_over: int
    checked: bool

    @property
    def drifted(self) -> tuple[Monitor, ...]:
        """The monitors that found a drift, the most severe first."""
        found = (each for each in self.monitors if each.drifted)
        return tuple(sorted(found, key=lambda each: -each.severity))

    def to_json(self, labels: Sequence[str]) -> dict[str, Any]:
        """For `--json`; `labels` are the columns."""
        closed = self.window.closed_at
        return {
            "window": self.window.id,
            "from": self.window.started_at.isoformat(),
            "to": closed.isoformat() if closed else None,
            "events": self.window.events,
            "distinct": self.window.sketch["distinct"],
            "drifted": bool(self.drifted),
            "checked_before": self.checked,
            "monitors": [each.to_json() for each in self.monitors],
            **_labels_json(self.labels, labels, self.estimated_over),
        }


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What a check of drift found.

    Attributes:
        model: digest of the live model.
        labels: its columns.
        length: events of a window.
        collected: events of the window that is not full yet.
        precision: of the live model's detections, by their verdicts; None where none was judged.
        recall: of the live model, by verdicts on its detections and on random draws.
        windows: the full ones that no check had told of, oldest first; the last one where all were.
    """

    task: str
    model: str
    labels: tuple[str, ...]
    length: int
    collected: int
    precision: LivePrecision | None
    recall: LiveRecall
    windows: tuple[WindowReport, ...]

    @property
    def new(self) -> tuple[WindowReport, ...]:
        """The windows that no earlier check has told of."""
        return tuple(each for each in self.windows if not each.checked)

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "task": self.task,
            "model": self.model,
            "window_events": self.length,
            "collected": self.collected,
            "drifted": any(each.drifted for each in self.new),
            "live_precision": self.precision.to_json() if self.precision else None,
            "live_recall": self.recall.to_json(),
            "windows": [each.to_json(self.labels) for each in self.windows],
        }


def check_drift(context: Context, task: str) -> DriftReport:
    """Compare each full window of scored events with the training data, and keep the figures.

    A window is told of once, however often and by however many processes this is called: its
    figures are kept, a drift is an entry of the audit log and an event, and so is a precision or
    recall by verdicts that falls below the report's.

    Args:
        context: settings, store, registry, actor and event stream.
        task: the task's name.

    Raises:
        NotFoundError: when there is no such task.
        NoLiveModelError: when it has no live model.
        DataError: when the live model was made by a version that kept no reference.
    """
    authorize(context.actor, Permission.WATCH, task)
    live = live_model(context, task)
    reference = reference_of(context, live)
    if reference is None:
        raise DataError(
            f"model {live.digest[:12]} has nothing to compare with: its run is gone, or an older "
            f"version made it; `sftsec retrain {task} --force` makes one that has"
        )
    windows = context.store.drift_windows.list(task, live.digest)
    found = tuple(_reports(context, reference, windows))
    for each in found:
        if not each.checked:
            _tell(context, task, live, each, reference.labels)
    collected = sum(each.events for each in windows if each.closed_at is None)
    length = context.settings.drift.window
    quality = QualityWatch(context, task, live)
    labels, by_verdicts = reference.labels, _keep_by_verdicts(context, task, live)
    quality.tell()
    return DriftReport(task, live.digest, labels, length, collected, *by_verdicts, found)


def _keep_by_verdicts(
    context: Context, task: str, live: ModelRef
) -> tuple[LivePrecision | None, LiveRecall]:
    alerts, figures = judged_alerts(context, task, live.digest), context.store.figures
    precision = live_precision(alerts, context.task(task).benign)
    recall = live_recall(context, task, live.digest, alerts)
    if precision is not None:
        details: dict[str, Any] = {"model": live.digest, "detections": precision.detections}
        figures.add(
            task, "live_precision", precision.value, precision.low, precision.high,
            precision.judged, details=details,
        )  # fmt: skip
    if recall.value is not None:
        details = {"model": live.digest, "missed": recall.missed, "drawn": recall.drawn}
        figures.add(
            task, "live_recall", recall.value, recall.low, recall.high, recall.judged,
            details=details,
        )  # fmt: skip
    return precision, recall


def _reports(
    context: Context, reference: Reference, windows: Sequence[DriftWindow]
) -> Iterator[WindowReport]:
    """Of the full windows that no check has told of; of the last one where all were told of."""
    closed = [each for each in windows if each.closed_at is not None]
    fresh = (number for number, each in enumerate(closed) if not each.checked)
    for last in range(next(fresh, max(len(closed) - 1, 0)), len(closed)):
        past = closed[max(last + 1 - _ESTIMATED_OVER, 0) : last + 1]
        sketches = [Sketch.from_json(each.sketch) for each in past]
        found = monitors(sketches[-1], reference, context.settings.drift.false_alarms)
        decided = np.sum([each.labels for each in sketches], axis=0)
        judged = np.sum([each.judged for each in sketches], axis=0)
        estimate = estimate_labels(decided, judged, reference.blocks, _middle(past))
        over = sum(each.events for each in sketches)
        yield WindowReport(closed[last], tuple(found), estimate, over, closed[last].checked)


def _middle(windows: Sequence[DriftWindow]) -> datetime:
    """The middle of the time in which full windows were scored."""
    first, last = windows[0].started_at, windows[-1].closed_at or windows[-1].started_at
    return first + (last - first) / 2


def _tell(
    context: Context, task: str, live: ModelRef, report: WindowReport, labels: Sequence[str]
) -> None:
    """Keep a window's figures, unless another process has; a drift goes to log and events."""
    drifted = [each.to_json() for each in report.drifted]
    details = {"model": live.digest, "window": report.window.id, "monitors": drifted}
    with context.store.writing() as connection:
        if not context.store.drift_windows.mark_checked(report.window.id, connection):
            return
        _keep_figures(context, task, live, report, labels, connection)
        if drifted:
            context.store.audit.append("drift.found", task, details, joined=connection)
    if drifted:
        severity = {each.name: round(each.severity, 2) for each in report.drifted}
        context.emit(
            DriftFound(
                task=task,
                model=live.digest,
                monitors=severity,
                events=report.window.events,
                retraining=next_retraining(context, task),
            )
        )


def _keep_figures(
    context: Context,
    task: str,
    live: ModelRef,
    report: WindowReport,
    labels: Sequence[str],
    connection: Connection,
) -> None:
    about = {"model": live.digest, "window": report.window.id}
    for name, (value, low, high, count), details in _figures(report, labels):
        context.store.figures.add(
            task,
            name,
            value,
            low,
            high,
            count,
            at=report.window.closed_at,
            details={**about, **details},
            joined=connection,
        )


_Value = tuple[float, float | None, float | None, int]


def _figures(
    report: WindowReport, labels: Sequence[str]
) -> Iterator[tuple[str, _Value, dict[str, Any]]]:
    """Name, value with its interval and the events it rests on, and details of each figure."""
    events = report.window.events
    scores = [each for each in report.monitors if each.name == SCORE]
    inputs = [each for each in report.monitors if each.name not in {SCORE, LABEL}]
    for name, found in (("input_drift", inputs), ("score_drift", scores)):
        if found:
            details = {
                "drifted": any(each.drifted for each in found),
                "monitors": [each.to_json() for each in found],
            }
            yield name, (max(each.severity for each in found), None, None, events), details
    if report.labels is not None:
        shift, f1, over = report.labels.shift, report.labels.macro_f1, report.estimated_over
        details = {
            "drifted": any(each.drifted for each in report.monitors if each.name == LABEL),
            "priors": dict(zip(labels, report.labels.priors.tolist(), strict=True)),
        }
        yield "label_shift", (shift.value, shift.low, shift.high, over), details
        yield "estimated_macro_f1", (f1.value, f1.low, f1.high, over), {}


def _labels_json(
    found: LabelEstimate | None, labels: Sequence[str], events: int
) -> Mapping[str, Any]:
    if found is None:
        return {"label_shift": None, "estimated_macro_f1": None}
    return {
        "label_shift": {
            "value": found.shift.value,
            "low": found.shift.low,
            "high": found.shift.high,
            "priors": dict(zip(labels, found.priors.tolist(), strict=True)),
            "events": events,
        },
        "estimated_macro_f1": {
            "value": found.macro_f1.value,
            "low": found.macro_f1.low,
            "high": found.macro_f1.high,
            "events": events,
        },
    }
