from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.api.contracts import MetricSpec
from sftsec_core.api.domain import Interval
from sftsec_core.api.predictions import Predictions
from sftsec_core.evaluation.bootstrap import (
    Resamples,
    SampledFigure,
    bootstrap,
    bootstrap_metric,
    difference,
    interval,
    intervals,
)
from sftsec_core.evaluation.metrics import ResampledMetrics, compute_metrics


def blurred(
    n: int, k: int, skill: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    y = rng.integers(k, size=n)
    logits = rng.normal(size=(n, k))
    logits[np.arange(n), y] += skill
    powers = np.exp(np.round(logits, 1))
    return y, powers / powers.sum(axis=1, keepdims=True)


def _brier(_config: object, predictions: Predictions) -> float:
    return float(((predictions.proba[:, 1] - predictions.y) ** 2).mean())


class TestResamples:
    @pytest.mark.parametrize(("k", "benign"), [(2, 0), (4, 0), (4, None)])
    def test_are_judged_like_drawn_rows(self, k: int, benign: int | None) -> None:
        y, proba = blurred(60, k, 1.5, seed=3)
        predictions = Predictions(y, proba, benign, 0.6)
        metrics = ResampledMetrics(predictions)
        for counts in Resamples(y, count=20):
            found = metrics(counts)
            for row, drawn in enumerate(counts):
                index = np.repeat(np.arange(len(y)), drawn)
                literal = compute_metrics(predictions.take(index))
                for name, value in literal.items():
                    expected = np.nan if value is None else value
                    assert found[name][row] == pytest.approx(expected, abs=1e-12, nan_ok=True)

    def test_keep_the_number_of_each_class(self) -> None:
        y = np.array([0] * 40 + [1] * 7 + [2])
        counts = np.concatenate(list(Resamples(y, count=50)))
        assert counts.shape == (50, 48)
        for label in range(3):
            assert set(counts[:, y == label].sum(axis=1)) == {(y == label).sum()}
        assert len({tuple(row) for row in counts}) == 50

    def test_draw_the_same_rows_twice(self) -> None:
        resamples = Resamples(np.array([0, 1] * 30), count=30)
        pairs = zip(resamples, resamples, strict=True)
        assert all(np.array_equal(first, second) for first, second in pairs)

    def test_of_several_models_equal_each_alone(self) -> None:
        y, proba = blurred(150, 3, 1.0, seed=5)
        models = [ResampledMetrics(Predictions(y, p, 0)) for p in (proba, proba[:, ::-1])]
        resamples = Resamples(y, count=40)
        together = bootstrap(models, resamples)
        for metrics, found in zip(models, together, strict=True):
            (alone,) = bootstrap([metrics], resamples)
            for name, draws in alone.items():
                assert np.array_equal(found[name], draws, equal_nan=True)

    def test_of_many_rows_take_seconds(self) -> None:
        y, proba = blurred(20_000, 2, 2.0, seed=2)
        begun = time.perf_counter()
        draws = bootstrap([ResampledMetrics(Predictions(y, proba, 0))], Resamples(y))[0]
        assert len(draws["average_precision"]) == 1000
        assert time.perf_counter() - begun < 15  # 0.7 s alone on one core


class TestInterval:
    def test_of_accuracy_is_the_binomials(self) -> None:
        rng = np.random.default_rng(0)
        y = rng.integers(2, size=2000)
        predicted = np.where(rng.random(2000) < 0.9, y, 1 - y)
        metrics = ResampledMetrics(Predictions(y, np.eye(2)[predicted], 0))
        draws = bootstrap([metrics], Resamples(y))[0]["accuracy"]
        found = interval(float((predicted == y).mean()), draws)
        spread = 1.96 * np.sqrt(0.9 * 0.1 / 2000)
        assert found.low is not None
        assert found.high is not None
        assert (found.high - found.low) / 2 == pytest.approx(spread, rel=0.1)

    def test_of_equal_models_difference_is_zero(self) -> None:
        y, proba = blurred(200, 3, 1.0, seed=1)
        draws = bootstrap([ResampledMetrics(Predictions(y, proba, 0))], Resamples(y))[0]["macro_f1"]
        ours, theirs = SampledFigure(0.7, draws), SampledFigure(0.7, draws.copy())
        assert difference(ours, theirs) == Interval(0.0, 0.0, 0.0)

    def test_of_a_full_share_is_binomial(self) -> None:
        flat = {"recall": np.ones(1000), "fpr": np.zeros(1000)}
        found = intervals({"recall": 1.0, "fpr": 0.0}, flat, {"recall": 20, "fpr": 100})
        assert found["recall"].low == pytest.approx(0.8316, abs=1e-4)
        assert found["recall"].high == 1.0
        assert found["fpr"].high == pytest.approx(0.0362, abs=1e-4)

    def test_of_an_undefined_figure_is_none(self) -> None:
        assert interval(None, np.array([0.5, 0.6])) == Interval(None)
        assert interval(0.5, np.array([np.nan, np.nan])) == Interval(0.5)


class TestPluginMetric:
    def test_gets_an_interval_around_its_figure(self) -> None:
        y, proba = blurred(100, 2, 1.0, seed=4)
        spec = MetricSpec(
            name="brier", summary="mean squared error", higher_is_better=False, compute=_brier
        )
        predictions = Predictions(y, proba, 0)
        found = bootstrap_metric(spec, predictions, Resamples(y, count=200))
        assert found.value == pytest.approx(_brier(None, predictions))
        assert found.low is not None
        assert found.high is not None
        assert found.low < _brier(None, predictions) < found.high

    @pytest.mark.parametrize("answer", [None, float("nan"), ZeroDivisionError("by zero")])
    def test_that_fails_is_none(self, answer: object) -> None:
        def compute(*_: object) -> float | None:
            if isinstance(answer, Exception):
                raise answer
            return answer if answer is None else float("nan")

        y, proba = blurred(20, 2, 1.0, seed=4)
        spec = MetricSpec(name="odd", summary="fails", higher_is_better=True, compute=compute)
        found = bootstrap_metric(spec, Predictions(y, proba, 0), Resamples(y, count=10))
        assert found == Interval(None)
