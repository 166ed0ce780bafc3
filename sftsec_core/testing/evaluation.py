"""What metrics keep, as a test class.

A metric's test, whole::

    class TestCostOfAlerts(MetricContract):
        def spec(self):
            return COST_OF_ALERTS
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.predictions import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.contracts import MetricSpec

_ROWS = 200


class MetricContract:
    """Inherit it, and give `spec`."""

    # --- what the author gives

    def spec(self) -> MetricSpec[Any]:
        """Give the metric's spec."""
        raise NotImplementedError(f"{type(self).__name__}.spec()")

    def config(self) -> Mapping[str, Any]:
        """Give what stands under the metric's name in `evaluation.metrics`."""
        return {}

    # --- the contract

    def test_it_gives_a_number_or_none(self) -> None:
        """Undefined is None: a NaN would pass every comparison of the promotion gate."""
        for y in (_truth(), np.zeros(_ROWS, np.int64), np.ones(_ROWS, np.int64)):
            found = self._of(y, _noise())
            assert found is None or (isinstance(found, float) and math.isfinite(found))

    def test_better_predictions_have_a_better_figure(self) -> None:
        """`higher_is_better` says which way."""
        y = _truth()
        right, wrong = self._of(y, _right(y)), self._of(y, _right(1 - y))
        assert right is not None
        assert wrong is not None
        assert (right > wrong) == self.spec().higher_is_better
        assert right != wrong, "right and wrong predictions have the same figure"

    def test_the_order_of_the_rows_does_not_matter(self) -> None:
        """A test set has no order."""
        y, proba = _truth(), _noise()
        turned = self._of(y[::-1], proba[::-1])
        given = self._of(y, proba)
        assert (turned is None) == (given is None)
        if given is not None and turned is not None:
            assert math.isclose(given, turned, rel_tol=1e-9, abs_tol=1e-12)

    def test_predictions_are_not_changed_in_place(self) -> None:
        """The other metrics read the same arrays."""
        y, proba = _truth(), _noise()
        kept = y.copy(), proba.copy()
        self._of(y, proba)
        np.testing.assert_array_equal(y, kept[0])
        np.testing.assert_array_equal(proba, kept[1])

    def _of(self, y: NDArray[np.int64], proba: NDArray[np.float64]) -> float | None:
        spec = self.spec()
        return spec.compute(spec.configure(self.config()), Predictions(y, proba, benign=0))


def _truth() -> NDArray[np.int64]:
    return np.asarray(np.arange(_ROWS) % 3 == 0, dtype=np.int64)


def _right(y: NDArray[np.int64]) -> NDArray[np.float64]:
    attack = np.where(y == 1, 0.9, 0.1)
    return np.column_stack([1 - attack, attack])


def _noise() -> NDArray[np.float64]:
    attack = np.random.default_rng(7).random(_ROWS)
    return np.column_stack([1 - attack, attack])
