"""Which of the fitted models, or which blend of them, `auto` keeps.

Dev decides, with a guard against its noise (`select_model`). Where it has few rows, those of train
are added, each answered out of fold by a model that never saw it, and a stack of all models is a
candidate too: it is judged by answers of pools that were fitted on other rows. Where dev has next
to none, the average of `hybrid` and `contrastive` stays unless another leads it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.domain import InputKind
from sftsec_core.recipes.blend import average
from sftsec_core.recipes.goal import Goal
from sftsec_core.recipes.pool import LogPool, cross_fitted
from sftsec_core.recipes.search import FINE_TUNED, MIN_DEV, Trial
from sftsec_core.recipes.selection import (
    MIN_EFFECT_SIZE,
    STRICT_MIN_EFFECT_SIZE,
    Candidate,
    select_model,
)
from sftsec_core.recipes.tuning import divide

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.recipes.search import AutoSearch

FEW_DEV = 1000  # rows from which dev alone decides
STACK = "stack"
# Kept with few labels, the first that was fitted: a frozen encoder errs on other rows than one that
# was tuned on the few.
_FEW_LABELS = (("hybrid", "contrastive"), ("hybrid",))
CHEAPER_EFFECT_SIZE = 1.0  # by which one model must lead what few labels begin with


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is kept, and on what rows that was decided.

    Attributes:
        members: recipes.
        pool: how they are pooled; None for the plain average, or one alone.
        judged_on: the rows, in words.
        goal: what was compared on them; None where nothing was.
    """

    members: tuple[str, ...]
    pool: LogPool | None
    judged_on: str
    goal: Goal | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Rows that no candidate was trained on, with what each model answers.

    Attributes:
        y: true columns, shape (n,).
        proba: recipe to its answers, shape (n, k).
        rest: rows of each fold, to fit a pool on the others; None without rows of train.
        told: which rows they are.
    """

    y: NDArray[np.int64]
    proba: Mapping[str, NDArray[np.float64]]
    rest: tuple[NDArray[np.int64], ...] | None
    told: str


def dev_is_usable(search: AutoSearch) -> bool:
    """Whether dev alone can tell recipes apart."""
    return len(search.dev) >= MIN_DEV and len(np.unique(search.y)) > 1


def gather_evidence(search: AutoSearch) -> Evidence | None:
    """The rows that models are judged on; None where there are none to judge by."""
    folds, rows, whole = search.folds, len(search.dev), len(search.job.dev)
    dev = f"dev, {rows} rows" if rows == whole else f"dev, {rows} of {whole} rows"
    known = folds is not None and set(search.models) <= set(search.held_out)
    if folds is None or not known or (dev_is_usable(search) and rows >= FEW_DEV):
        if not dev_is_usable(search):
            return None
        return Evidence(search.y, search.dev_proba, None, dev)
    y = np.concatenate([folds.y, search.y])
    proba = {
        name: np.concatenate([search.held_out[name], search.dev_proba[name]])
        if rows
        else search.held_out[name]
        for name in search.models
    }
    told = f"{len(folds.y)} rows of train out of fold" + (f" and {dev}" if rows else "")
    examples = [*folds.examples, *search.dev]
    return Evidence(y, proba, divide(examples, y, search.job.settings.seed) or None, told)


def choose(search: AutoSearch) -> Chosen:
    """The best candidate: models by themselves first, then their averages, then their stack."""
    evidence = gather_evidence(search)
    if evidence is None:
        return Chosen(_default_members(search), None, "no usable dev: by default")
    candidates = _candidates(list(search.models), evidence)
    goal = Goal.of(search.job.task, evidence.y)
    seed = search.job.settings.seed
    for candidate in candidates:
        _note(search, candidate, evidence, goal)
    best = select_model(_in_order(candidates, search, evidence), evidence.y, seed, goal)
    if best.members != (STACK,):
        return Chosen(best.members, None, evidence.told, goal)
    pool = LogPool.fit([evidence.proba[name] for name in search.models], evidence.y)
    return Chosen(tuple(search.models), pool, evidence.told, goal)


def _candidates(names: Sequence[str], evidence: Evidence) -> list[Candidate]:
    found = [
        Candidate(
            members,
            average([evidence.proba[name] for name in members]),
            min_effect_size=MIN_EFFECT_SIZE
            if members[0] not in FINE_TUNED and size == 1
            else STRICT_MIN_EFFECT_SIZE,
        )
        for size in range(1, len(names) + 1)
        for members in combinations(names, size)
    ]
    if evidence.rest is None or len(names) < 2:
        return found
    stacked = cross_fitted([evidence.proba[name] for name in names], evidence.y, evidence.rest)
    return [*found, Candidate((STACK,), stacked, min_effect_size=STRICT_MIN_EFFECT_SIZE)]


def _in_order(
    candidates: list[Candidate], search: AutoSearch, evidence: Evidence
) -> list[Candidate]:
    """Cheapest first; of text alone, without a usable dev and with few rows, a default before all.

    Noise decides among equals then, and what `_FEW_LABELS` names was measured ahead.
    """
    few = not dev_is_usable(search) and len(evidence.y) < FEW_DEV
    default = _few_labels(search) if few else None
    if default is None:
        return candidates
    first = next(each for each in candidates if each.members == default)
    others = [
        replace(each, min_effect_size=max(each.min_effect_size, CHEAPER_EFFECT_SIZE))
        for each in candidates
        if each is not first
    ]
    return [first, *others]


def _few_labels(search: AutoSearch) -> tuple[str, ...] | None:
    """What is kept of a task of text alone with few labels, unless another leads it."""
    if search.job.task.kinds != {InputKind.TEXT}:
        return None
    return next((names for names in _FEW_LABELS if {*names} <= {*search.models}), None)


def _note(search: AutoSearch, candidate: Candidate, evidence: Evidence, goal: Goal) -> None:
    """Write a candidate's figures to its trial; a blend has none yet."""
    of_one = [each for each in search.trials if each.recipe == candidate.name]
    kept = [each for each in of_one if each.status == "fitted"]
    if not kept:
        kept = [Trial(candidate.name, "stacked" if candidate.name == STACK else "blended")]
        search.trials += kept
    trial = kept[-1]
    trial.judged = candidate.figures(evidence.y, goal, search.job.settings.seed)
    if evidence.rest is None and trial.dev_macro_f1 is None:
        trial.dev_macro_f1 = round(candidate.macro_f1(evidence.y), 4)


def _default_members(search: AutoSearch) -> tuple[str, ...]:
    """Without rows to judge by: what few labels want, else the last text model, and the trees."""
    text = [name for name in search.models if name != "boosted"]
    kept = _few_labels(search) or (*text[-1:],)
    return (*kept, *(name for name in search.models if name == "boosted"))
