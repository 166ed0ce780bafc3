"""Labels estimated from decisions: right where only their frequencies have moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sklearn.metrics import f1_score

from sftsec_core.drift.ageing import ScoredBlocks
from sftsec_core.drift.labels import estimate_labels

CONFUSION = np.array([[900, 30], [20, 180]])
NONE = np.zeros((2, 2))  # no input was judged before


def scored_blocks(confusion: np.ndarray) -> ScoredBlocks:
    """Events with that confusion matrix, evenly mixed; each is one of its own."""
    y, found = (each.ravel() for each in np.indices(confusion.shape))
    order = np.random.default_rng(1).permutation(confusion.sum())
    events = np.repeat(np.arange(confusion.size), confusion.ravel())[order]
    return ScoredBlocks.of(y[events], found[events], order, (), len(confusion))


def decided(priors: list[float], count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """True and decided labels of events, with the rates of that confusion matrix."""
    random = np.random.default_rng(seed)
    y = random.choice(len(priors), size=count, p=priors)
    rates = CONFUSION / CONFUSION.sum(axis=1, keepdims=True)
    return y, (random.random(count) < rates[y, 1]).astype(np.int64)


class TestEstimateLabels:
    @pytest.mark.parametrize("attacks", [0.02, 0.17, 0.6])
    def test_finds_new_frequencies_and_f1(self, attacks: float) -> None:
        y, found = decided([1 - attacks, attacks], 10_000)
        estimate = estimate_labels(np.bincount(found, minlength=2), NONE, scored_blocks(CONFUSION))
        assert estimate is not None
        assert estimate.priors[1] == pytest.approx(attacks, abs=0.02)
        truth = f1_score(y, found, average="macro")
        assert estimate.macro_f1.value == pytest.approx(truth, abs=0.03)
        assert estimate.macro_f1.low <= truth <= estimate.macro_f1.high

    def test_shift_is_what_has_moved(self) -> None:
        before = CONFUSION.sum(axis=1) / CONFUSION.sum()
        same = estimate_labels(CONFUSION.sum(axis=0), NONE, scored_blocks(CONFUSION))
        moved = estimate_labels(np.array([300, 700]), NONE, scored_blocks(CONFUSION))
        assert same is not None
        assert moved is not None
        assert same.shift.value == pytest.approx(0, abs=1e-3)
        assert moved.shift.value == pytest.approx(abs(moved.priors[1] - before[1]))
        assert moved.shift.low > 0.4

    @pytest.mark.parametrize(
        ("found", "confusion"),
        [
            ([0, 0], [[9, 1], [1, 9]]),
            ([5, 5], [[9, 1], [0, 0]]),
            ([5, 5], [[9, 1], [9, 1]]),
        ],
    )
    def test_is_none_where_decisions_tell_nothing(
        self, found: list[int], confusion: list[list[int]]
    ) -> None:
        assert estimate_labels(np.array(found), NONE, scored_blocks(np.array(confusion))) is None

    def test_of_decisions_never_made_is_a_frequency(self) -> None:
        estimate = estimate_labels(
            np.array([10, 0]), NONE, scored_blocks(np.array([[5, 5], [1, 9]]))
        )
        assert estimate is not None
        assert estimate.priors.tolist() == [1, 0]
        assert 0 <= estimate.macro_f1.low <= estimate.macro_f1.high <= 1

    def test_known_verdicts_need_no_estimate(self) -> None:
        """A false alarm that is repeated 400 times is no sign of 400 attacks."""
        y, found = decided([0.9, 0.1], 5_000)
        known = np.array([[100.0, 400.0], [0.0, 0.0]])
        counts = np.bincount(found, minlength=2) + known.sum(axis=0).astype(np.int64)
        estimate = estimate_labels(counts, known, scored_blocks(CONFUSION))
        blind = estimate_labels(counts, NONE, scored_blocks(CONFUSION))
        assert estimate is not None
        assert blind is not None
        y = np.concatenate([y, np.zeros(500, dtype=np.int64)])
        truth = f1_score(y, np.concatenate([found, np.repeat([0, 1], [100, 400])]), average="macro")
        assert estimate.macro_f1.value == pytest.approx(truth, abs=0.03)
        assert estimate.macro_f1.low <= truth <= estimate.macro_f1.high
        assert blind.macro_f1.value > truth + 0.1

    def test_counts_alone_where_all_is_known(self) -> None:
        known = np.array([[80.0, 10.0], [5.0, 5.0]])
        estimate = estimate_labels(known.sum(axis=0), known, scored_blocks(CONFUSION))
        assert estimate is not None
        assert estimate.priors.tolist() == [0.9, 0.1]
        truth = f1_score([0] * 90 + [1] * 10, [0] * 80 + [1] * 10 + [0, 1] * 5, average="macro")
        assert estimate.macro_f1.value == pytest.approx(truth)
        assert 0.02 < estimate.macro_f1.high - estimate.macro_f1.low < 0.4

    def test_carries_the_loss_of_recall_on(self) -> None:
        random, count = np.random.default_rng(5), 20_000
        age = np.arange(count * 2) / count  # the second half comes after the test part
        y = (random.random(count * 2) < 0.1).astype(np.int64)
        rates = np.where(y == 1, 0.9 - 0.3 * age, 0.01)
        found = (random.random(count * 2) < rates).astype(np.int64)
        start = datetime(2026, 1, 1, tzinfo=UTC)
        at = [start + timedelta(days=float(each)) for each in age]
        blocks = ScoredBlocks.of(y[:count], found[:count], np.arange(count), at[:count], columns=2)
        later = slice(count, count + count // 2)
        truth = f1_score(y[later], found[later], average="macro")
        counts = np.bincount(found[later])
        carried = estimate_labels(counts, NONE, blocks, start + timedelta(days=1.25))
        as_it_was = estimate_labels(counts, NONE, blocks)
        assert carried is not None
        assert as_it_was is not None
        assert carried.macro_f1.value == pytest.approx(truth, abs=0.03)
        assert carried.macro_f1.low <= truth <= carried.macro_f1.high
        assert as_it_was.macro_f1.value > truth + 0.03
