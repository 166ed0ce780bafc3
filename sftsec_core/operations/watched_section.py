"""What a run's report says of the live model in use: drift, and its quality by verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sftsec_core.operations.watched_figures import SPAN
from sftsec_core.store.columns import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sftsec_core.operations.running import Run
    from sftsec_core.store.figures import Figure

_CHECKED = ("input_drift", "score_drift")
_POINTS = 200  # of a figure: more than a plot can tell apart


def watched_section(run: Run) -> dict[str, Any] | None:
    """The stored figures of a task, for the section "watched" of a report.

    Args:
        run: the run under way.

    Returns:
        `figures`: name to its values of the last 90 days, the oldest first, 200 at most; `checks`:
        what the newest check found of each input, the most severe first, with `checked_at`. None
        where nothing was ever measured.
    """
    figures, task, since = run.context.store.figures, run.info.task, utc_now() - SPAN
    found = {name: figures.since(task, name, since) for name in figures.names(task)}
    measured = {name: values[-_POINTS:] for name, values in sorted(found.items()) if values}
    if not measured:
        return None
    checked = [measured[name][-1] for name in _CHECKED if name in measured]
    newest = max((each.at for each in checked), default=None)
    return {
        "days": SPAN.days,
        "figures": {name: [_point(each) for each in values] for name, values in measured.items()},
        "checked_at": newest.isoformat() if newest else None,
        "checks": _checks(each for each in checked if each.at == newest),
    }


def _checks(figures: Iterable[Figure]) -> Sequence[dict[str, Any]]:
    found = [dict(one) for each in figures for one in each.details.get("monitors", ())]
    return sorted(found, key=lambda one: (not one["drifted"], -one["severity"]))


def _point(figure: Figure) -> dict[str, Any]:
    return {
        "at": figure.at.isoformat(),
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "count": figure.count,
        "model": figure.details.get("model"),
    }
