"""What a task's models are chosen and compared by."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sftsec_core.api.domain.reports import Interval

MACRO_F1 = "macro_f1"
AVERAGE_PRECISION = "average_precision"
EXPECTED_COST = "expected_cost"
_TPR = "tpr_at_fpr_"


@dataclass(frozen=True, slots=True)
class Objective:
    """A task's metric, with what it takes to compute it.

    Attributes:
        metric: the one figure, or None for macro-F1 and, in the choice among recipes, the average
            precision of attacks and the recall at `fpr` beside it.
        fpr: the false-positive rate that the task's threshold is chosen for; None for another one.
        minutes_per_alert: what an alert or a review costs an analyst.
        missed_attack_minutes: what a missed attack costs.
    """

    metric: str | None = None
    fpr: float | None = None
    minutes_per_alert: float = 10.0
    missed_attack_minutes: float = 480.0

    @property
    def figure(self) -> str:
        """The one figure that models are compared by."""
        return self.metric or MACRO_F1

    @property
    def rates(self) -> tuple[float, ...]:
        """The false-positive rates of its figures."""
        own = None if self.metric is None else rate_of(self.metric)
        return tuple(rate for rate in (own, self.fpr) if rate is not None)


DEFAULT_OBJECTIVE = Objective()


def tpr_at_fpr(rate: float) -> str:
    """The name of the recall at a false-positive rate."""
    return f"{_TPR}{rate:g}"


def rate_of(metric: str) -> float | None:
    """The false-positive rate that a metric's name holds; None for other metrics.

    Raises:
        ValueError: when it is no rate between 0 and 1.
    """
    if not metric.startswith(_TPR):
        return None
    try:
        rate = float(metric.removeprefix(_TPR))
    except ValueError:
        rate = math.nan
    if not 0 < rate < 1:
        raise ValueError(f"{metric}: the rate lies between 0 and 1, as in {tpr_at_fpr(0.005)}")
    return rate


def checked_metric(metric: str) -> str:
    """A metric's name as it stands everywhere.

    Raises:
        ValueError: when there is no such metric.
    """
    rate = rate_of(metric)
    if rate is not None:
        return tpr_at_fpr(rate)
    if metric not in {MACRO_F1, AVERAGE_PRECISION, EXPECTED_COST}:
        raise ValueError(
            f"{metric!r} is none of {MACRO_F1}, {AVERAGE_PRECISION}, {EXPECTED_COST} and "
            f"{_TPR}RATE, such as {tpr_at_fpr(0.005)}"
        )
    return metric


def higher_is_better(metric: str) -> bool:
    """Whether a model with more of it is better: all but the cost."""
    return metric != EXPECTED_COST


def gain(metric: str, difference: Interval) -> Interval:
    """How much better a model is whose figure differs so: above 0 is better, of any metric."""
    if higher_is_better(metric):
        return difference
    value, low, high = (
        None if each is None else -each
        for each in (difference.value, difference.high, difference.low)
    )
    return Interval(value, low, high)
