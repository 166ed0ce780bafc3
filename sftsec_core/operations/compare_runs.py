"""Compare two runs: settings, data and figures side by side."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission, RunInfo
from sftsec_core.operations.authorize import authorize_some
from sftsec_core.operations.show_run import show_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sftsec_core.operations.context import Context

Pair = tuple[str, Any, Any]


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Two runs side by side.

    Attributes:
        settings: name and both values of each setting that differs.
        data: of each count of the data that differs; None where a run has none.
        metrics: of every figure of the candidates on their own test sets.
        same_test: whether the test sets count alike; else the figures are of different incidents.
    """

    first: RunInfo
    second: RunInfo
    settings: tuple[Pair, ...]
    data: tuple[Pair, ...]
    metrics: tuple[Pair, ...]
    same_test: bool

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        named = {"settings": self.settings, "data": self.data, "metrics": self.metrics}
        pairs = {
            key: {name: [one, other] for name, one, other in rows} for key, rows in named.items()
        }
        return {"runs": [self.first.id, self.second.id], **pairs, "same_test": self.same_test}


def compare_runs(context: Context, first: str, second: str) -> RunComparison:
    """Compare two runs, each given by its id or the beginning of one.

    Raises:
        NotFoundError: when there is no such run.
        StoreError: when several runs begin so.
    """
    authorize_some(context.actor, Permission.READ)  # each run asks for its own task
    one, other = show_run(context, first), show_run(context, second)
    runs = context.store.runs
    settings = (runs.settings(one.info.id), runs.settings(other.info.id))
    data = tuple((shown.evaluation or {}).get("data", {}) for shown in (one, other))
    return RunComparison(
        one.info,
        other.info,
        tuple(_different(*settings)),
        tuple(_different(*data)),
        tuple(_side_by_side(figures_of(one.evaluation), figures_of(other.evaluation))),
        same_test=_test_rows(data[0]) == _test_rows(data[1]),
    )


def figures_of(evaluation: Mapping[str, Any] | None) -> dict[str, float | None]:
    """The candidate's figures of a report as JSON values; empty where there is none."""
    if evaluation is None:
        return {}
    metrics = evaluation["candidate"]["metrics"]
    return {name: figure["value"] for name, figure in metrics.items()}


def _test_rows(data: Mapping[str, Any]) -> object:
    rows = data.get("rows")
    return rows.get("test") if isinstance(rows, dict) else None


def _different(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Pair]:
    return (pair for pair in _side_by_side(_flat(one), _flat(other)) if pair[1] != pair[2])


def _side_by_side(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Pair]:
    return ((name, one.get(name), other.get(name)) for name in dict.fromkeys((*one, *other)))


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, inner in value.items():
        if isinstance(inner, dict) and inner:
            flat |= _flat(inner, f"{prefix}{name}.")
        else:
            listed = isinstance(inner, list | dict)
            flat[prefix + name] = json.dumps(inner, default=str) if listed else inner
    return flat
