"""Random answers of a model, and their comparison with scikit-learn's figures."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Answers = tuple[NDArray[np.int64], NDArray[np.float64], float]


@st.composite
def answers(draw: st.DrawFn, smallest: int = 2, largest: int = 5) -> Answers:
    """True classes, probabilities on a coarse grid (many ties), and a threshold."""
    k = draw(st.integers(smallest, largest))
    n = draw(st.integers(1, 40))
    y = draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n))
    parts = st.lists(st.integers(0, 6), min_size=k, max_size=k).filter(any)
    rows = np.array(draw(st.lists(parts, min_size=n, max_size=n)), dtype=np.float64)
    threshold = draw(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
    return np.array(y), rows / rows.sum(axis=1, keepdims=True), threshold


def same(ours: float | None, theirs: float) -> bool:
    return ours is not None and abs(ours - float(theirs)) < 1e-12
