"""A few figures of a part of the data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sftsec_core.evaluation.figures import short_figures
from tests.core.evaluation.audit_inputs import answered


class TestShortFigures:
    def test_counts_and_figures_are_the_rows(self) -> None:
        found = short_figures(answered([0] * 6 + [1] * 4, [0.1] * 5 + [0.9] * 4 + [0.2]))
        assert (found["rows"], found["attacks"]) == (10, 4)
        assert found["figures"]["recall"]["value"] == pytest.approx(3 / 4)
        assert found["figures"]["fpr"]["value"] == pytest.approx(1 / 6)

    def test_all_right_is_bounded_exactly(self) -> None:
        """No resample of twenty found attacks misses one; the binomial's bound is 0.83."""
        found = short_figures(answered([1] * 20 + [0] * 5, [0.9] * 20 + [0.1] * 5))
        assert found["figures"]["recall"]["low"] == pytest.approx(0.025 ** (1 / 20))

    def test_undefined_figures_are_left_out(self) -> None:
        benign = short_figures(answered([0] * 8, [0.1] * 8))
        assert set(benign["figures"]) == {"macro_f1", "fpr"}
        plain = short_figures(replace(answered([0, 1], [0.1, 0.9]), benign=None))
        assert plain["attacks"] is None
        assert "recall" not in plain["figures"]
