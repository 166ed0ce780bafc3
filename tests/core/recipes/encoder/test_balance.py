"""Classes take turns, and every example has its turn."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sftsec_core.recipes.encoder.balance import balanced_order

Labels = st.lists(st.integers(0, 4), max_size=80).map(lambda found: np.array(found, dtype=np.int64))
UNEVEN = np.array([0] * 90 + [1] * 10)


class TestBalancedOrder:
    @settings(deadline=None)
    @given(Labels, st.integers(0, 3))
    def test_any_cut_has_equal_shares(self, labels: np.ndarray, epoch: int) -> None:
        order = balanced_order(labels, 7, epoch)
        assert len(order) == len(labels)
        for start in range(0, len(order), 7):
            cut = labels[order[start : start + 7]]
            counts = [(cut == label).sum() for label in np.unique(labels)]
            assert max(counts) - min(counts) <= 1

    @settings(deadline=None)
    @given(Labels, st.integers(0, 3))
    def test_no_example_comes_much_more_often(self, labels: np.ndarray, epoch: int) -> None:
        times = np.bincount(balanced_order(labels, 7, epoch), minlength=len(labels))
        for label in np.unique(labels):
            own = times[labels == label]
            # Where one pass over a frequent class ends and the next begins, one may come again.
            assert own.max() - own.min() <= (1 if own.min() else 2)

    def test_epochs_of_a_frequent_class_continue(self) -> None:
        epochs = [balanced_order(UNEVEN, 7, epoch) for epoch in range(9)]
        times = np.bincount(np.concatenate(epochs), minlength=100)
        assert set(times[:90].tolist()) == {5}
        assert set(times[90:].tolist()) == {45}

    def test_epochs_and_seeds_differ(self) -> None:
        orders = [balanced_order(UNEVEN, seed, epoch) for seed, epoch in ((7, 0), (7, 1), (8, 0))]
        assert len({tuple(order) for order in orders}) == 3
        assert balanced_order(UNEVEN, 7, 1).tolist() == orders[1].tolist()

    def test_many_passes_take_bounded_time(self) -> None:
        labels = np.zeros(1_000_000, dtype=np.int64)
        labels[:2] = 1
        assert (labels[balanced_order(labels, 7, 0)] == 1).sum() == 500_000
