"""Fit recipes again on other parts of the data, within a budget of time."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import timedelta

    from sftsec_core.api.contracts import AuditInput, Refit
    from sftsec_core.api.domain import Example, Split
    from sftsec_core.api.predictions import Predictions

NOTHING_TO_FIT = "nothing can be fitted again here"


@dataclass(frozen=True, slots=True)
class RefitPlan:
    """Which recipes are fitted again.

    Attributes:
        recipes: the baseline and, where it can be afforded, the candidate's.
        left_out: why the candidate's recipe is not among them; None when it is.
    """

    recipes: tuple[str, ...]
    left_out: str | None = None


def plan_recipes(given: AuditInput, budget: timedelta, rows: int) -> RefitPlan:
    """Choose the recipes: the baseline always, the candidate's where the budget allows it.

    Args:
        given: the candidate, with how long it took to train.
        budget: for all fits together.
        rows: training examples of all fits together.
    """
    baseline, own = given.task.baseline, given.recipe
    if own in {"", baseline}:
        return RefitPlan((baseline,))
    if given.fit_seconds is None or not given.split.train:
        return RefitPlan((baseline,), f"how long {own} trains is not known")
    seconds = given.fit_seconds * rows / len(given.split.train)
    if seconds > budget.total_seconds():
        took = f"{own} would train about {seconds:,.0f} s"
        return RefitPlan((baseline,), f"{took}, and the budget is {budget.total_seconds():,.0f} s")
    return RefitPlan((baseline, own))


def fit_each(
    refit: Refit,
    recipes: Sequence[str],
    splits: Sequence[Split],
    budget: timedelta,
    progress: Callable[[int, int], None],
    clock: Callable[[], float] = monotonic,
) -> list[Mapping[str, Predictions] | None]:
    """Fit recipes on one split after another, as far as the budget goes; the first always.

    Args:
        refit: fits recipes.
        recipes: their names.
        splits: in this order.
        budget: for all of them; none is begun that would probably end after it.
        progress: told how many of how many are done.
        clock: seconds.

    Returns:
        For each split each recipe's predictions on its test; None for those left out.
    """
    begun, longest = clock(), 0.0
    found: list[Mapping[str, Predictions] | None] = []
    for number, split in enumerate(splits):
        started = clock()
        if number and started - begun + longest > budget.total_seconds():
            return found + [None] * (len(splits) - number)
        progress(number, len(splits))
        found.append(refit(recipes, split))
        longest = max(longest, clock() - started)
    progress(len(splits), len(splits))
    return found


def apart(examples: Iterable[Example], held_out: Sequence[Example]) -> list[Example]:
    """Leave out what shares an incident, inputs, a cluster or a group with what is held out."""
    uids = {each.uid for each in held_out}
    digests = {each.digest for each in held_out}
    clusters = {each.cluster for each in held_out if each.cluster >= 0}
    groups = {group for each in held_out for group in each.groups}
    return [
        each
        for each in examples
        if each.uid not in uids
        and each.digest not in digests
        and each.cluster not in clusters
        and groups.isdisjoint(each.groups)
    ]


def two_labels(examples: Iterable[Example]) -> bool:
    """Whether there is anything to tell apart."""
    return len({each.label for each in examples}) > 1
