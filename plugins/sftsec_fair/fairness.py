"""The audit: whether a model is worse for a language, a business unit, a class of hosts, a site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api import RiskSection
from sftsec_fair.comparison import CALIBRATION, Comparison, compare, measures_of
from sftsec_fair.membership import (
    combined_codes,
    facet_columns,
    find_groups,
    independent_units,
    pooled,
)
from sftsec_fair.rates import RowShare
from sftsec_fair.tables import tables
from sftsec_fair.words import ADVICE, RISK, nothing_to_compare, tried_words, verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api import AuditInput
    from sftsec_fair.comparison import GroupFigure
    from sftsec_fair.config import FairnessSettings
    from sftsec_fair.membership import Group


def fairness(config: FairnessSettings, given: AuditInput) -> Mapping[str, Any]:
    """Compare each group of the test rows with the rest.

    Returns:
        A `RiskSection` as JSON values, whose figures are "groups" (of each its "group", "rows",
        "attacks", "alerts", "alerts_per_day", and the figures that it has rows for, each with
        "value", "low", "high" and "of"), "gaps" (see `Gap`, the surest first), "worst" (the first
        that was found, None without one), "unmeasured" ("group", "figure", "of") and "fields"
        (rows without a value and rows of groups that are too small).
    """
    test = given.split.test
    columns = facet_columns(test, config)
    groups = find_groups(columns, config)
    if not groups:
        return _not_measured(config, given)
    units, measures = independent_units(test), measures_of(given.predictions)
    found = compare(groups, measures, units, combined_codes(columns), config)
    if not found.gaps:
        return _not_measured(config, given)
    shown = [_figures(each, measures, units, given) for each in groups]
    gaps = [asdict(each) for each in found.gaps]
    fields = pooled(columns, config)
    outcome, said = verdict(found)
    return RiskSection(
        risk=RISK,
        outcome=outcome,
        tried=tried_words(list(columns), len(groups), found, config),
        found=said,
        advice="" if outcome == "held" else ADVICE,
        figures={
            "groups": shown,
            "gaps": gaps,
            "worst": next((each for each in gaps if each["found"]), None),
            "unmeasured": _unmeasured(found),
            "fields": fields,
        },
        tables=tables(shown, found.gaps, fields),
        voter="max_group_gap",
    ).to_json()


def _unmeasured(found: Comparison) -> list[dict[str, Any]]:
    return [{"group": name, "figure": figure, "of": of} for name, figure, of in found.unmeasured]


def _not_measured(config: FairnessSettings, given: AuditInput) -> Mapping[str, Any]:
    named = bool(given.settings.groups or config.fields)
    return RiskSection(
        risk=RISK,
        outcome="not_measured",
        tried="Figures of each group were to be compared with those of the rest.",
        found=nothing_to_compare(named=named, fewest=config.fewest),
        voter="max_group_gap",
    ).to_json()


def _figures(
    group: Group, measures: Sequence[GroupFigure], units: NDArray[np.int64], given: AuditInput
) -> dict[str, Any]:
    rows, predictions = group.inside, given.predictions
    n = int(rows.sum())
    found: dict[str, Any] = {"group": group.name, "rows": n}
    if predictions.benign is not None:
        alerts = int(((predictions.labels != predictions.benign) & rows).sum())
        found |= {"attacks": int((predictions.attacks & rows).sum()), "alerts": alerts}
        if given.incidents_per_day:
            found["alerts_per_day"] = alerts / len(predictions) * given.incidents_per_day
    for measure in measures:
        of = rows & measure.of
        if not of.any():
            continue
        if measure.figure == CALIBRATION:
            found[CALIBRATION] = _calibration(predictions.attack_scores[of], measure, of, units)
        else:
            found[measure.figure] = _rate(measure, of, units)
    return found


def _rate(measure: GroupFigure, of: NDArray[np.bool_], units: NDArray[np.int64]) -> dict[str, Any]:
    """The figure itself: the false-positive rate counts what is bad, the others what is not."""
    bad = measure.bad[of] > 0
    rate = RowShare.measure(bad if measure.figure == "fpr" else ~bad, units[of])
    low, high = rate.interval()
    return {"value": rate.value, "low": low, "high": high, "of": rate.of}


def _calibration(
    expected: NDArray[np.float64],
    measure: GroupFigure,
    of: NDArray[np.bool_],
    units: NDArray[np.int64],
) -> dict[str, Any]:
    """The attacks that the probabilities promise less those that there are, as shares of rows."""
    observed = RowShare.measure(expected - measure.bad[of] > 0.5, units[of])
    low, high = observed.interval()
    mean = float(expected.mean())
    return {
        "value": mean - observed.value,
        "low": mean - high,
        "high": mean - low,
        "of": observed.of,
    }
