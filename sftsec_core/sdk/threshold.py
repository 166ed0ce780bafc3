"""The built-in decider: a threshold on the attack probability, chosen on dev, never on test.

Thresholds lie midway between two neighbouring scores, not on one, so that a rounding error in
another batch size or on another machine does not change a decision. Among thresholds that are
equally good the highest is taken: the fewest alerts.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.domain import Action, Threshold
from sftsec_core.api.errors import ConfigError, DataError
from sftsec_core.api.predictions import ACTIONS, Decisions, predict_labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sftsec_core.api.predictions import Predictions
    from sftsec_core.sdk.threshold_settings import ThresholdSettings

NEVER = math.nextafter(1.0, 2.0)
"""The least number that no probability reaches."""


@dataclass(frozen=True, slots=True)
class ThresholdDecider:
    """Alerts from a threshold, sends to review from a lower one, and dismisses the rest.

    Attributes:
        threshold: the attack probability from which a row alerts.
        benign: the benign column; None when every class is an attack: then each row alerts.
        review_from: the attack probability from which a row that does not alert goes to review;
            None sends none.
    """

    threshold: Threshold
    benign: int | None
    review_from: float | None = None

    @property
    def state(self) -> Mapping[str, Any]:
        """The thresholds and the benign column."""
        return {
            "threshold": asdict(self.threshold),
            "benign": self.benign,
            "review_from": self.review_from,
        }

    def decide(self, proba: NDArray[np.float64]) -> Decisions:
        """Apply the rule of `predict_labels`; a row for review has its likeliest attack class."""
        n, k = proba.shape
        actions = np.full(n, ACTIONS.index(Action.ALERT), dtype=np.int8)
        labels = predict_labels(proba, self.benign, self.threshold.value)
        if self.benign is not None:
            review = np.zeros(n, dtype=np.bool_)
            if self.review_from is not None:
                suspected = predict_labels(proba, self.benign, self.review_from)
                review = (labels == self.benign) & (suspected != self.benign)
                labels = np.where(review, suspected, labels)
            actions[review] = ACTIONS.index(Action.REVIEW)
            actions[labels == self.benign] = ACTIONS.index(Action.DISMISS)
        return Decisions(actions, labels, labels[:, None] == np.arange(k))

    @classmethod
    def fit(
        cls, config: ThresholdSettings, dev: Predictions, incidents_per_day: float | None
    ) -> ThresholdDecider:
        """Choose the threshold on dev; see `choose_threshold`."""
        threshold = choose_threshold(dev, config, incidents_per_day=incidents_per_day)
        return cls(threshold, dev.benign, config.review_from)

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> ThresholdDecider:
        """Make the decider of a state.

        Raises:
            ValueError, TypeError, KeyError: when it is not a state of this decider.
        """
        benign, review_from = state["benign"], state["review_from"]
        return cls(
            Threshold(**state["threshold"]),
            None if benign is None else int(benign),
            None if review_from is None else float(review_from),
        )


@dataclass(frozen=True, slots=True)
class ThresholdSweep:
    """What each possible threshold would let through.

    Attributes:
        thresholds: from letting nothing through to letting everything through, shape (g + 1,).
        tp: attacks at or above each, shape (g + 1,).
        fp: benign rows at or above each, shape (g + 1,).
    """

    thresholds: NDArray[np.float64]
    tp: NDArray[np.float64]
    fp: NDArray[np.float64]

    @classmethod
    def of(cls, predictions: Predictions) -> ThresholdSweep:
        """Count once for every distinct attack score.

        Args:
            predictions: of one row or more, in a task with a benign class.
        """
        attack = predictions.attacks
        distinct, group = np.unique(predictions.attack_scores, return_inverse=True)
        last = len(distinct) - 1
        tp = np.bincount(last - group, attack, minlength=last + 1)
        fp = np.bincount(last - group, ~attack, minlength=last + 1)
        return cls(
            thresholds=_between(distinct[::-1]),
            tp=np.r_[0.0, np.cumsum(tp)],
            fp=np.r_[0.0, np.cumsum(fp)],
        )


def choose_threshold(
    dev: Predictions, settings: ThresholdSettings, *, incidents_per_day: float | None = None
) -> Threshold:
    """Choose the probability from which an incident is a detection.

    - `max_f1`: the highest F1 of the attack side.
    - `fpr`: the highest recall whose false-positive rate on dev does not pass the target.
    - `alerts_per_day`: the most alerts that, at dev's rate of incidents, stay in the target.
    - `fixed`: the target itself.

    Where dev cannot say (it is empty, or lacks the benign or the attack side that the method
    needs) the threshold is 0.5 and its method "default".

    Args:
        dev: calibrated predictions on dev; may be empty. Without a benign class the method is
            "argmax".
        settings: of the task's `decider:`.
        incidents_per_day: how many incidents a day dev stands for; see the function of the name.

    Raises:
        ConfigError: when a fixed threshold or a rate is not from 0 to 1.
        DataError: when alerts a day are asked for and dev has no span of time.
    """
    if dev.benign is None:
        return Threshold(0.0, "argmax")
    target = _checked_target(settings)
    if settings.method == "fixed":
        return Threshold(target, "fixed", target)
    if settings.method == "alerts_per_day" and not incidents_per_day:
        raise DataError(
            "decider.method alerts_per_day needs times: at least two dev examples with "
            "different timestamps; give the incidents an @timestamp or choose another method"
        )
    if not len(dev):
        return Threshold(0.5, "default", settings.target)
    sweep = ThresholdSweep.of(dev)
    chosen = _chosen_step(sweep, settings.method, target, incidents_per_day or 0.0)
    if chosen is None:
        return Threshold(0.5, "default", settings.target)
    return Threshold(float(sweep.thresholds[chosen]), settings.method, settings.target)


def _checked_target(settings: ThresholdSettings) -> float:
    target = settings.target if settings.target is not None else 0.0
    if settings.method in {"fixed", "fpr"} and not 0 <= target <= 1:
        raise ConfigError(
            f"a target of {target:g} is out of range for method {settings.method}: "
            "it is a fraction from 0 to 1",
            path="decider.target",
        )
    return target


def _chosen_step(sweep: ThresholdSweep, method: str, target: float, rate: float) -> int | None:
    attacks, benign = sweep.tp[-1], sweep.fp[-1]
    if method == "alerts_per_day":
        alerts = (sweep.tp + sweep.fp) / (attacks + benign) * rate
        return int(np.flatnonzero(alerts <= target)[-1])
    if method == "fpr":
        if not benign:
            return None
        allowed = np.flatnonzero(sweep.fp / benign <= target)
        # Without attacks recall says nothing: take all the alerts that the target allows.
        return int(allowed[np.argmax(sweep.tp[allowed])] if attacks else allowed[-1])
    if not attacks or not benign:
        return None
    return int(np.argmax(2 * sweep.tp / (sweep.tp + sweep.fp + attacks)))


def _between(falling: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put a threshold above, between and under distinct scores; shape (g,) to (g + 1,)."""
    above = np.r_[1.0, falling]
    below = np.r_[falling, 0.0]
    middle: NDArray[np.float64] = (above + below) / 2
    # Neighbours without a number between them: the upper one still tells them apart.
    middle = np.where(middle > below, middle, above).astype(np.float64)
    if falling[0] >= 1.0:
        middle[0] = NEVER
    return middle
