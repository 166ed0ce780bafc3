"""Leave one source out: what a model is worth where none of its labels are from.

A new site, product or connector has no verdicts yet. Trained without one of the known sources and
tested on it, a recipe says what to expect there; "domain generalisation" is the field's name for it
(Gulrajani and Lopez-Paz, "In search of lost domain generalization", 2021).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.domain import Split
from sftsec_core.evaluation.figures import short_figures
from sftsec_core.evaluation.refits import (
    NOTHING_TO_FIT,
    apart,
    fit_each,
    plan_recipes,
    two_labels,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.api.contracts import AuditInput
    from sftsec_core.evaluation.audits import LeaveOneOutSettings


@dataclass(frozen=True, slots=True)
class _LeftOutSource:
    """One source, with the split that trains without it and tests on it."""

    value: str
    split: Split


def leave_one_out(config: LeaveOneOutSettings, given: AuditInput) -> Mapping[str, Any]:
    """Train without each source in turn and test on it, on all of its examples.

    Returns:
        "field"; "metric", the task's; "recipes"; "too_small": sources with too few examples;
        "sources": for each its "value", "train", "test" and "models": a recipe's name to its
        "rows", "attacks" and "figures"; "known" is the candidate as it is, trained with the source,
        on that source's
        part of test. Or {"not_measured": why}.
    """
    if given.refit is None:
        return {"not_measured": NOTHING_TO_FIT}
    every = [each for _, part in given.split.parts() for each in part]
    sizes = Counter(value for each in every if (value := each.facets.get(config.field)))
    large = [value for value, n in sizes.most_common(config.sources) if n >= config.fewest]
    sources = [_source(value, config.field, given.split) for value in large]
    usable = [each for each in sources if two_labels(each.split.train)]
    if len(sizes) < 2 or not usable:
        return {"not_measured": _why(config, sizes)}
    rows, objective = sum(len(each.split.train) for each in usable), given.task.objective
    plan = plan_recipes(given, config.budget, rows)
    splits = [each.split for each in usable]
    answers = fit_each(given.refit, plan.recipes, splits, config.budget, given.progress)
    told = [
        {
            "value": source.value,
            "train": len(source.split.train),
            "test": len(source.split.test),
            "known": _known(source.value, config.field, given),
            "models": {name: short_figures(each, objective) for name, each in found.items()},
        }
        for source, found in zip(usable, answers, strict=True)
        if found is not None
    ]
    return {
        "field": config.field,
        "metric": objective.figure,
        "recipes": list(plan.recipes),
        "sources": told,
        "too_small": len(sizes) - len(large),
        "not_fitted": len(large) - len(told),
        **({"left_out": plan.left_out} if plan.left_out else {}),
    }


def _why(config: LeaveOneOutSettings, sizes: Counter[str]) -> str:
    if not sizes:
        asked = "" if config.field == "connector" else "; name it in evaluation.groups"
        return f"no example has a {config.field}{asked}"
    if len(sizes) == 1:
        return f"all examples have the {config.field} {next(iter(sizes))!r}"
    return f"no {config.field} with {config.fewest} examples can be left out"


def _source(value: str, field: str, split: Split) -> _LeftOutSource:
    test = [e for _, part in split.parts() for e in part if e.facets.get(field) == value]
    train, dev = (apart(part, test) for part in (split.train, split.dev))
    return _LeftOutSource(value, Split(train, dev, test, f"without {value}"))


def _known(value: str, field: str, given: AuditInput) -> dict[str, Any] | None:
    """The candidate on the source's part of test; None where that has no row."""
    rows = np.array([each.facets.get(field) == value for each in given.split.test], np.bool_)
    return short_figures(given.predictions.take(rows), given.task.objective) if rows.any() else None
