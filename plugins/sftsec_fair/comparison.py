"""Each group beside the rest: how much worse it is, with an interval and a test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sftsec_fair.membership import Group
from sftsec_fair.permutation import chance
from sftsec_fair.rates import LEVEL, RowShare, mean_reach

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sftsec_core.api import Predictions
    from sftsec_fair.config import FairnessSettings

CALIBRATION = "calibration"


@dataclass(frozen=True, slots=True)
class GroupFigure:
    """A figure as the mean of rows.

    Attributes:
        figure: "recall", "fpr", "precision", "accuracy" or "calibration".
        of: the rows that it is of, shape (n,): attacks for recall.
        bad: 1 for a row that is wrong (missed, for recall); for calibration the probability of an
            attack less 1 for an attack; shape (n,).
    """

    figure: str
    of: NDArray[np.bool_]
    bad: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gap:
    """How much worse a group is than the rest.

    Attributes:
        gap: the difference, positive where the group is worse; for calibration its size.
        low: of the 95% interval, which holds for all gaps at once.
        high: of it.
        p: the probability of a gap as large by chance, corrected for all that were looked at.
        of: the group's rows of the figure's kind.
        rest_of: the rest's.
        found: whether it is called a gap.
    """

    group: str
    figure: str
    gap: float
    low: float
    high: float
    p: float
    of: int
    rest_of: int
    found: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """All gaps, the surest first, and (group, figure, rows) that are too few to compare."""

    gaps: tuple[Gap, ...]
    unmeasured: tuple[tuple[str, str, int], ...]


def measures_of(predictions: Predictions) -> tuple[GroupFigure, ...]:
    """What groups are compared by."""
    wrong = np.asarray(predictions.labels != predictions.y)
    if predictions.benign is None:
        return (GroupFigure("accuracy", np.ones(len(wrong), np.bool_), wrong.astype(float)),)
    alerts, attacks = predictions.labels != predictions.benign, predictions.attacks
    residual = predictions.attack_scores - attacks
    return (
        GroupFigure("recall", attacks, (~alerts).astype(float)),
        GroupFigure("fpr", ~attacks, alerts.astype(float)),
        GroupFigure("precision", np.asarray(alerts), (~attacks).astype(float)),
        GroupFigure(CALIBRATION, np.ones(len(wrong), np.bool_), residual.astype(float)),
    )


def compare(
    groups: Sequence[Group],
    measures: Sequence[GroupFigure],
    units: NDArray[np.int64],
    codes: NDArray[np.int64],
    settings: FairnessSettings,
) -> Comparison:
    """Compare each group with the rest by each measure.

    Args:
        groups: of n rows.
        measures: of these rows.
        units: rows of one number depend on each other, shape (n,).
        codes: rows of one number are of the same groups, shape (n,).
        settings: what is large enough, and what is a gap.
    """
    # A cluster whose rows are of several groups is permuted in as many pieces.
    clusters = units * (int(codes.max(initial=0)) + 1) + codes
    tested = {each.figure: _large(groups, each, settings.fewest) for each in measures}
    tests, used = sum(map(len, tested.values())), sum(map(bool, tested.values()))
    rng, gaps = np.random.default_rng(settings.seed), []
    for measure in measures:
        of, mine = measure.of, tested[measure.figure]
        p = chance(
            measure.bad[of],
            clusters[of],
            [Group(each.name, each.inside[of], each.rest[of]) for each in mine],
            two_sided=measure.figure == CALIBRATION,
            permutations=settings.permutations,
            rng=rng,
        )
        level = 1 - (1 - LEVEL) / max(1, tests)
        for group, each in zip(mine, np.minimum(1, p * used).tolist(), strict=True):
            gaps.append(_gap(group, measure, units, each, level, settings))
    # Missed attacks and false alarms come before probabilities that are off.
    gaps.sort(key=lambda e: (not e.found, e.figure == CALIBRATION, -e.low, e.group, e.figure))
    return Comparison(tuple(gaps), tuple(_too_small(groups, measures, tested)))


def _large(groups: Sequence[Group], measure: GroupFigure, fewest: int) -> list[Group]:
    of = measure.of
    return [e for e in groups if min((e.inside & of).sum(), (e.rest & of).sum()) >= fewest]


def _too_small(
    groups: Sequence[Group], measures: Sequence[GroupFigure], tested: dict[str, list[Group]]
) -> list[tuple[str, str, int]]:
    return [
        (group.name, each.figure, int((group.inside & each.of).sum()))
        for each in measures
        for group in groups
        if all(group is not known for known in tested[each.figure])
    ]


def _gap(
    group: Group,
    measure: GroupFigure,
    units: NDArray[np.int64],
    p: float,
    level: float,
    settings: FairnessSettings,
) -> Gap:
    ours, theirs = group.inside & measure.of, group.rest & measure.of
    mean, rest_mean = (float(measure.bad[side].mean()) for side in (ours, theirs))
    difference, worse = mean - rest_mean, True
    if measure.figure == CALIBRATION:
        reach = math.hypot(*(mean_reach(measure.bad[s], units[s], level) for s in (ours, theirs)))
        # Of two sides that differ, the one that is further off is the one to look at.
        difference, worse = abs(difference), abs(mean) > abs(rest_mean)
        low, high = max(0.0, difference - reach), difference + reach
    else:
        mine, rest = (RowShare.measure(measure.bad[s] > 0, units[s]) for s in (ours, theirs))
        low, high = mine.minus(rest, level)
    return Gap(
        group.name,
        measure.figure,
        difference,
        low,
        high,
        p,
        int(ours.sum()),
        int(theirs.sum()),
        bool(worse and p < settings.significance and difference >= settings.least_gap),
    )
