"""What decisions cost, by a task's prices: minutes for alerts, reviews and missed attacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.predictions import Predictions


class Prices(Protocol):
    """Prices in minutes: a task's objective, or its `evaluation.cost`."""

    @property
    def minutes_per_alert(self) -> float:
        """Of an analyst, for an alert or a review."""
        ...

    @property
    def missed_attack_minutes(self) -> float:
        """That a missed attack costs later on."""
        ...


def minutes(predictions: Predictions, prices: Prices) -> NDArray[np.float64]:
    """The minutes that each row costs as it was decided, shape (n,)."""
    looked = looked_at(predictions)
    missed = predictions.attacks & ~looked
    return looked * prices.minutes_per_alert + missed * prices.missed_attack_minutes


def looked_at(predictions: Predictions) -> NDArray[np.bool_]:
    """Which rows take an analyst's time: alerts and, where that is known, reviews; shape (n,)."""
    alerts = np.asarray(predictions.labels != predictions.benign)
    return alerts if predictions.reviewed is None else alerts | predictions.reviewed
