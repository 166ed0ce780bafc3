"""95% intervals by the percentile bootstrap, stratified by true class.

Each resample draws, with replacement, as many rows of each class as the test set has, so every
figure that is defined on the test set is defined on every resample (but for a precision without
a single alert), and the interval is for this mix of classes. All models are compared on the same
resamples: subtracting two models' figures draw by draw is the paired bootstrap.

A proportion of exactly 0 or 1 has no spread under resampling, which would promise certainty after
twenty rows as after twenty thousand. For accuracy, precision, recall and FPR the bound is then
the exact binomial one (Clopper and Pearson).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sftsec_core.api.domain import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import MetricSpec
    from sftsec_core.api.predictions import Predictions
    from sftsec_core.evaluation.metrics import ResampledMetrics

RESAMPLES = 1000
LEVEL = 0.95
# A block of counts that stays in a core's cache while a dozen passes go over it.
_BLOCK = 1 << 18

log = logging.getLogger(__name__)


class SampledFigure(NamedTuple):
    """A figure on the test set, and on each resample of it, shape (b,); NaN where undefined."""

    value: float | None
    draws: NDArray[np.float64]


class Resamples:
    """The same resamples of one test set each time they are iterated over."""

    def __init__(self, y: NDArray[np.int64], count: int = RESAMPLES, seed: int = 13) -> None:
        """Prepare the draws; nothing is drawn yet.

        Args:
            y: true classes, shape (n,), n >= 1.
            count: number of resamples.
            seed: the same seed draws the same rows.
        """
        self._members = [np.flatnonzero(y == label) for label in np.unique(y)]
        self._n = len(y)
        self._seed = seed
        self.count = count

    def __iter__(self) -> Iterator[NDArray[np.uint16]]:
        """Iterate over blocks of counts, shape (b, n): how often each resample drew each row."""
        rng = np.random.default_rng(self._seed)
        size = max(1, min(self.count, _BLOCK // self._n))
        for start in range(0, self.count, size):
            yield self._draw(rng, min(size, self.count - start))

    def _draw(self, rng: np.random.Generator, b: int) -> NDArray[np.uint16]:
        counts = np.empty((b, self._n), dtype=np.uint16)
        for members in self._members:
            n = len(members)
            drawn = rng.integers(0, n, size=(b, n), dtype=np.int64)
            for resample, places in zip(counts, drawn, strict=True):
                resample[members] = np.bincount(places, minlength=n)
        return counts


def bootstrap(
    metrics: Sequence[ResampledMetrics], resamples: Resamples
) -> list[dict[str, NDArray[np.float64]]]:
    """Compute the built-in figures of every resample, drawn once for all models.

    Args:
        metrics: of each model on the test set that `resamples` was made for.
        resamples: what to draw.

    Returns:
        For each model metric name to figures, shape (resamples.count,); NaN where undefined.
    """
    blocks = [[each(counts) for each in metrics] for counts in resamples]
    return [
        {name: np.concatenate([block[name] for block in of_model]) for name in of_model[0]}
        for of_model in zip(*blocks, strict=True)
    ]


def bootstrap_metric(
    spec: MetricSpec[Any], predictions: Predictions, resamples: Resamples
) -> Interval:
    """Compute a plugin's figure and its interval; one that fails is logged and is None.

    Args:
        spec: the metric.
        predictions: on the test set that `resamples` was made for.
        resamples: what to draw.
    """
    rows, config = np.arange(len(predictions)), spec.config_model()

    def draw(counts: NDArray[np.uint16]) -> float:
        return _number(spec.compute(config, predictions.take(np.repeat(rows, counts))))

    try:
        value = _number(spec.compute(config, predictions))
        if not np.isfinite(value):
            return Interval(None)
        draws = [draw(counts) for block in resamples for counts in block]
    except Exception as error:  # noqa: BLE001 - a plugin's metric must not end the run
        log.warning("metric %s failed: %s: %s", spec.name, type(error).__name__, error)
        return Interval(None)
    return interval(value, np.asarray(draws))


def interval(value: float | None, draws: NDArray[np.float64]) -> Interval:
    """Put the percentile interval around a figure.

    Args:
        value: the figure on the test set itself.
        draws: the figure on each resample, shape (b,); NaN where undefined.

    Returns:
        Bounds at 2.5% and 97.5%; all None when the figure is undefined.
    """
    known = draws[np.isfinite(draws)]
    if value is None or not len(known):
        return Interval(value)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return Interval(value, float(low), float(high))


def intervals(
    point: Mapping[str, float | None],
    draws: Mapping[str, NDArray[np.float64]],
    trials: Mapping[str, int],
) -> dict[str, Interval]:
    """Put intervals around a model's figures.

    Args:
        point: metric name to the figure on the test set.
        draws: metric name to the figures of the resamples.
        trials: for figures that are plain proportions, the number of rows.
    """
    found = {name: interval(value, draws[name]) for name, value in point.items()}
    for name, n in trials.items():
        if found[name].value in {0.0, 1.0}:
            found[name] = _exact(found[name], n)
    return found


def difference(ours: SampledFigure, theirs: SampledFigure) -> Interval:
    """Give the paired interval of a difference (ours - theirs) over the same resamples."""
    if ours.value is None or theirs.value is None:
        return Interval(None)
    return interval(ours.value - theirs.value, ours.draws - theirs.draws)


def _exact(found: Interval, n: int) -> Interval:
    """Bound a proportion of none or all of n by the tail of the binomial."""
    reach = ((1 - LEVEL) / 2) ** (1 / n)
    if found.value == 1.0:
        return Interval(1.0, reach, 1.0)
    return Interval(0.0, 0.0, 1 - reach)


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
