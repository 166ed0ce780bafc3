"""The audit's tables: each group's figures, the gaps, and what was too small."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sftsec_core.api import RiskTable
from sftsec_fair.words import FIGURES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_fair.comparison import Gap

    Cell = str | int | float | None

_SHOWN = 30
_HEADS = {
    "recall": "found of the attacks",
    "fpr": "false alarms of the benign",
    "precision": "right of the alerts",
    "accuracy": "right of all",
    "calibration": "expected less observed attacks",
}


def tables(
    groups: Sequence[Mapping[str, Any]],
    gaps: Sequence[Gap],
    fields: Mapping[str, Mapping[str, int]],
) -> tuple[RiskTable, ...]:
    """Three tables; shares are in percent, intervals of 95% in brackets."""
    return (_groups(groups), _gaps(gaps), _fields(fields))


def _groups(groups: Sequence[Mapping[str, Any]]) -> RiskTable:
    figures = [name for name in _HEADS if any(name in each for each in groups)]
    counts = [name for name in ("attacks", "alerts", "alerts_per_day") if name in groups[0]]
    rows = tuple(
        (
            each["group"],
            each["rows"],
            *(_count(each[name]) for name in counts),
            *(_interval(each.get(name)) for name in figures),
        )
        for each in groups[:_SHOWN]
    )
    heads = (*(name.replace("_per_", " a ") for name in counts), *(_HEADS[n] for n in figures))
    return RiskTable(
        title="Groups: shares in %, with 95% intervals",
        columns=("group", "rows", *heads),
        rows=rows,
    )


def _gaps(gaps: Sequence[Gap]) -> RiskTable:
    rows = tuple(
        (
            each.group,
            FIGURES[each.figure],
            f"{100 * each.gap:.1f} ({100 * each.low:.1f} to {100 * each.high:.1f})",
            each.of,
            each.rest_of,
            f"{each.p:.2g}",
            "yes" if each.found else "no",
        )
        for each in gaps[:_SHOWN]
    )
    columns = (
        "group",
        "by",
        "worse than the rest, points",
        "rows",
        "rest",
        "chance of it (p)",
        "a gap",
    )
    return RiskTable(title="Compared with the rest, the surest first", columns=columns, rows=rows)


def _fields(fields: Mapping[str, Mapping[str, int]]) -> RiskTable:
    rows = tuple((name, each["missing"], each["too_small"]) for name, each in fields.items())
    columns = ("field", "rows without a value", "rows of groups that are too small")
    return RiskTable(title="Rows that are in no group", columns=columns, rows=rows)


def _count(value: float) -> Cell:
    return value if isinstance(value, int) else f"{value:,.1f}"


def _interval(found: Mapping[str, Any] | None) -> Cell:
    if found is None:
        return None
    value, low, high = (100 * found[name] for name in ("value", "low", "high"))
    return f"{value:.1f} ({low:.1f} to {high:.1f})"
