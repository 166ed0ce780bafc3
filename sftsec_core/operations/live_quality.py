"""Whether the live model's precision and recall, by verdicts, are what its report had."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import LiveQualityFell
from sftsec_core.operations.list_schedules import next_retraining

if TYPE_CHECKING:
    from sftsec_core.api.domain import ModelRef
    from sftsec_core.operations.context import Context
    from sftsec_core.store.figures import Figure

# A figure by verdicts to its name in a report.
_IN_REPORT = {"live_precision": "precision", "live_recall": "recall"}


class QualityWatch:
    """Tells of a figure that falls: once, and again only after it had recovered.

    It has fallen where its interval ends below where that of the same figure in the live model's
    report begins, so that chance explains it on neither side.
    """

    def __init__(self, context: Context, task: str, live: ModelRef) -> None:
        """Remember the figures as they are before a check."""
        self._context, self._task, self._live = context, task, live
        self._before = self._newest()

    def tell(self) -> None:
        """Look at the figures again, and tell of what has fallen by an event and in the audit log.

        Raises:
            StoreError: when the database refuses.
        """
        for name, figure in self._newest().items():
            expected = self._expected(name)
            if expected is None or figure == self._before.get(name):
                continue
            if self._fell(figure, expected) and not self._fell(self._before.get(name), expected):
                self._tell(figure, expected)

    def _newest(self) -> dict[str, Figure]:
        found = {name: self._context.store.figures.latest(self._task, name) for name in _IN_REPORT}
        return {name: figure for name, figure in found.items() if figure is not None}

    def _expected(self, name: str) -> float | None:
        """Where the interval of the report begins; None where there is none, or no report."""
        report = self._context.store.runs.report(self._live.run_id)
        file = report.with_suffix(".json") if report else None
        if file is None or not file.is_file():
            return None
        body: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        low: float | None = body["candidate"]["metrics"].get(_IN_REPORT[name], {}).get("low")
        return low

    def _fell(self, figure: Figure | None, expected: float) -> bool:
        mine = figure is not None and figure.details.get("model") == self._live.digest
        return mine and figure is not None and figure.high is not None and figure.high < expected

    def _tell(self, figure: Figure, expected: float) -> None:
        event = LiveQualityFell(
            task=self._task,
            model=self._live.digest,
            figure=figure.name,
            value=figure.value,
            low=figure.low or 0.0,
            high=figure.high or 0.0,
            expected=expected,
            retraining=next_retraining(self._context, self._task),
        )
        told = {"model": event.model, "figure": figure.name, "expected": expected}
        values = {"value": event.value, "low": event.low, "high": event.high}
        self._context.store.audit.append("quality.fell", self._task, {**told, **values})
        self._context.emit(event)
