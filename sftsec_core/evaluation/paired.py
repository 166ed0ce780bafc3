"""Paired tests of the candidate against each model beside it, on the same test rows.

Two models that are measured on the same rows differ only where one is right and the other is
wrong. McNemar's test ("Note on the sampling error of the difference between correlated
proportions", 1947) asks whether those rows could as well be a fair coin's; it is computed exactly,
by the binomial, so that few rows are no problem (Dietterich, "Approximate statistical tests for
comparing supervised classification learning algorithms", 1998). The differences in the figures
have intervals by paired bootstrap.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import binomtest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import AuditInput, ComparedModel, EmptyConfig
    from sftsec_core.api.predictions import Predictions

FIGURES = ("macro_f1", "accuracy", "recall", "precision", "fpr", "average_precision")


def paired_tests(_config: EmptyConfig, given: AuditInput) -> Mapping[str, Any]:
    """Compare the candidate with each other model.

    Returns:
        `{"models": {name: {"recipe", "rows", "of", "decisions", "differences"}}}`: "rows" of
        the "of" test rows were compared; `decisions` has the counts and p of "all" of them and,
        in a task with a benign class, of "attacks" and "benign" ones; `differences` the figure's
        value, low and high, candidate minus other.
    """
    # The live model first: it is what the candidate would replace.
    names = sorted(given.others, key=lambda name: name != "live")
    figures = tuple(dict.fromkeys((*FIGURES, given.task.objective.figure)))
    return {
        "models": {name: _pair(given.predictions, given.others[name], figures) for name in names}
    }


def mcnemar(ours: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> dict[str, float]:
    """McNemar's exact test, two-sided.

    Args:
        ours: whether the candidate is right on each row, shape (n,).
        theirs: whether the other model is, shape (n,).

    Returns:
        The rows that both, one or neither is right on, and "p"; 1 where no row tells them apart.
    """
    only_ours, only_theirs = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    apart = only_ours + only_theirs
    return {
        "both_right": int((ours & theirs).sum()),
        "only_candidate_right": only_ours,
        "only_other_right": only_theirs,
        "both_wrong": int((~ours & ~theirs).sum()),
        "p": float(binomtest(only_ours, apart, 0.5).pvalue) if apart else 1.0,
    }


def _pair(candidate: Predictions, other: ComparedModel, figures: Sequence[str]) -> dict[str, Any]:
    ours, theirs = candidate.take(other.rows), other.predictions.take(other.rows)
    decisions = {"all": mcnemar(ours.labels == ours.y, theirs.labels == theirs.y)}
    if ours.benign is not None:
        for side, rows in (("attacks", ours.attacks), ("benign", ~ours.attacks)):
            right = [_side_right(each, rows) for each in (ours, theirs)]
            decisions[side] = mcnemar(*right)
    known = {name: found for name in figures if (found := other.differences.get(name))}
    return {
        "recipe": other.recipe,
        "rows": len(ours),
        "of": len(candidate),
        "decisions": decisions,
        "differences": {
            name: asdict(found) for name, found in known.items() if found.value is not None
        },
    }


def _side_right(predictions: Predictions, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether the rows of one side alert, or do not, as they should."""
    alerts = predictions.labels != predictions.benign
    right: NDArray[np.bool_] = (alerts == predictions.attacks)[rows]
    return right
