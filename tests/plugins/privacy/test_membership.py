"""The likelihood-ratio attack tells what is remembered, and nothing where nothing is."""

from __future__ import annotations

import numpy as np
import pytest

from sftsec_privacy.membership import attack, logits

MODELS, ROWS = 8, 600


def answers(remembered: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are higher by so much for what a model was fitted on; each row has its own."""
    rng = np.random.default_rng(seed)
    member = rng.random((MODELS, ROWS)) < 0.5
    own = rng.normal(scale=3, size=ROWS)
    return own + rng.normal(size=(MODELS, ROWS)) + remembered * member, member


class TestAttack:
    def test_finds_nothing_by_chance(self) -> None:
        found = attack(*answers(0.0), seed=1)
        assert found.low < 0.5 < found.high
        assert found.auc == pytest.approx(0.5, abs=0.02)

    def test_finds_what_certainty_hides(self) -> None:
        found = attack(*answers(1.0), seed=1)
        # Two normal distributions that are one deviation apart: 0.76; less, as means are estimated.
        assert 0.68 < found.auc < 0.77
        assert found.low < found.auc < found.high
        assert found.loss_auc == pytest.approx(0.59, abs=0.02)
        assert found.tpr is not None
        assert found.tpr > 0.002

    def test_needs_rows_for_few_false(self) -> None:
        scores, member = answers(1.0)
        found = attack(scores[:, :100], member[:, :100], seed=1)
        assert found.tpr is None

    def test_bounds_certain_answers(self) -> None:
        assert np.isfinite(logits(np.array([0.0, 0.5, 1.0]))).all()
        same = np.zeros((MODELS, ROWS))
        assert attack(same, answers(0.0)[1], seed=1).auc == pytest.approx(0.5, abs=0.02)
