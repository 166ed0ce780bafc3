"""What decisions cost: analysts' minutes for alerts and reviews, and attacks that are missed.

Every threshold trades one for the other, so the report shows the curve of both beside the two
prices, `evaluation.cost`; expected cost over thresholds is that of Drummond and Holte, "Cost
curves" (2006). Costs are those of the test rows, scaled to a week at the rate of labelled
incidents in test's span of time, or to 1,000 incidents where that is not known.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.evaluation.bootstrap import Resamples, interval
from sftsec_core.evaluation.prices import looked_at, minutes
from sftsec_core.sdk.threshold import ThresholdSweep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import AuditInput, ComparedModel, EmptyConfig
    from sftsec_core.api.domain import Interval
    from sftsec_core.api.predictions import Predictions
    from sftsec_core.api.settings.evaluation import CostSettings

WEEK, THOUSAND = "week", "1,000 incidents"
_POINTS = 100
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True)
class _Pricing:
    """Prices, and how many incidents the figures are given for.

    Attributes:
        settings: the prices in minutes.
        incidents: how many incidents a figure is scaled to.
    """

    settings: CostSettings
    incidents: float

    def scale(self, rows: int) -> float:
        """What a sum over `rows` is multiplied with."""
        return self.incidents / rows


def cost_curve(_config: EmptyConfig, given: AuditInput) -> Mapping[str, Any]:
    """Weigh alerts against missed attacks, for the candidate and each model beside it.

    Returns:
        The prices; "unit", "incidents" (in a unit), "attacks" (in a unit), "days" (the span of
        test); "models": name to its "recipe", "seen" (test rows that it was trained on), "in_use"
        (alerts, missed and minutes as it decides), "cheapest" (chosen on test: a lower bound) and
        "curve"; "saved": minutes saved against
        each other model and against "every incident" being looked at, with intervals. In a task
        without a benign class {"not_measured": why}.
    """
    predictions = given.predictions
    if predictions.benign is None:
        return {"not_measured": "without a benign class every incident is an alert"}
    unit, incidents = _unit(given)
    pricing = _Pricing(given.settings.cost, incidents)
    return {
        **given.settings.cost.model_dump(),
        "unit": unit,
        "incidents": incidents,
        "attacks": float(predictions.attacks.sum() * pricing.scale(len(predictions))),
        "rows": len(predictions),
        "days": _days(predictions),
        "models": {
            "candidate": {"recipe": "", "seen": 0, **_model(predictions, pricing)},
            **{name: _other(other, pricing) for name, other in given.others.items()},
        },
        "saved": _saved(given, pricing),
    }


def _unit(given: AuditInput) -> tuple[str, float]:
    """A week, where test spans a day or more; less says little of a week."""
    days, rate = _days(given.predictions), given.incidents_per_day
    if rate is None or days is None or days < 1:
        return THOUSAND, 1000.0
    return WEEK, 7 * rate


def _days(predictions: Predictions) -> float | None:
    if predictions.at is None:
        return None
    known = predictions.at[~np.isnat(predictions.at)]
    return float((known.max() - known.min()) / _DAY) if len(known) else None


def _other(other: ComparedModel, pricing: _Pricing) -> dict[str, Any]:
    seen = int((~other.rows).sum())
    return {"recipe": other.recipe, "seen": seen, **_model(other.predictions, pricing)}


def _model(predictions: Predictions, pricing: _Pricing) -> dict[str, Any]:
    scale = pricing.scale(len(predictions))
    looked = looked_at(predictions)
    sweep = ThresholdSweep.of(predictions)
    alerts, missed = sweep.tp + sweep.fp, sweep.tp[-1] - sweep.tp
    prices = pricing.settings
    spent = alerts * prices.minutes_per_alert + missed * prices.missed_attack_minutes
    best = int(np.argmin(spent))
    kept = _thin(len(spent), best)
    columns = {
        "threshold": sweep.thresholds,
        "alerts": alerts * scale,
        "missed": missed * scale,
        "minutes": spent * scale,
    }
    return {
        "in_use": {
            "threshold": predictions.threshold,
            "alerts": float(looked.sum() * scale),
            "missed": float((predictions.attacks & ~looked).sum() * scale),
            "minutes": float(minutes(predictions, prices).sum() * scale),
        },
        "cheapest": {name: float(column[best]) for name, column in columns.items()},
        "curve": {name: column[kept].tolist() for name, column in columns.items()},
    }


def _thin(n: int, best: int) -> NDArray[np.intp]:
    """All of few points; of many, those where alerts are few lie dense. The cheapest is one."""
    if n <= _POINTS:
        return np.arange(n)
    spread = np.geomspace(1, n, _POINTS) - 1
    return np.unique(np.r_[spread.round().astype(np.intp), best])


def _saved(given: AuditInput, pricing: _Pricing) -> dict[str, dict[str, float | None]]:
    """Minutes that the candidate saves, against each other model and against looking at all."""
    y, ours = given.predictions.y, minutes(given.predictions, pricing.settings)
    everything = np.full(len(ours), pricing.settings.minutes_per_alert)
    on_all = {"every incident": everything - ours}
    found: dict[str, Interval] = {}
    for name, other in given.others.items():
        gain = minutes(other.predictions, pricing.settings) - ours
        if other.rows.all():
            on_all[name] = gain
        else:
            rows = other.rows
            found |= _mean_saved(y[rows], {name: gain[rows]}, pricing)
    found |= _mean_saved(y, on_all, pricing)
    return {name: asdict(found[name]) for name in ("every incident", *given.others)}


def _mean_saved(
    y: NDArray[np.int64], saved: Mapping[str, NDArray[np.float64]], pricing: _Pricing
) -> dict[str, Interval]:
    """The sums of what the rows save, scaled, with intervals by the stratified bootstrap.

    Args:
        y: true classes, shape (n,).
        saved: what each row saves, shape (n,); drawn together.
        pricing: the scale.
    """
    scale, columns = pricing.scale(len(y)), np.stack(list(saved.values()), axis=1)
    draws = np.concatenate([counts.astype(np.float64) @ columns for counts in Resamples(y)])
    return {
        name: interval(float(gains.sum() * scale), draws[:, place] * scale)
        for place, (name, gains) in enumerate(saved.items())
    }
