"""Figures of a ranking agree with scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray
from sklearn import metrics as oracle

from sftsec_core.api.predictions import Predictions, attack_scores
from sftsec_core.evaluation.metrics import compute_metrics
from sftsec_core.evaluation.ranking import negatives_for
from tests.core.evaluation.answers import Answers, answers, same


def highest_tpr(attack: NDArray[np.bool_], scores: NDArray[np.float64], bound: float) -> float:
    fpr, tpr, _ = oracle.roc_curve(attack, scores, drop_intermediate=False)
    return float(tpr[fpr <= bound].max())


class TestRanking:
    @given(answers())
    @settings(max_examples=60, deadline=None)
    def test_agrees_with_sklearn_or_is_none(self, given_answers: Answers) -> None:
        y, proba, threshold = given_answers
        attack, scores = y != 0, attack_scores(proba, 0)
        found = compute_metrics(Predictions(y, proba, 0, threshold))
        names = ("roc_auc", "average_precision", "tpr_at_fpr_0.001", "tpr_at_fpr_0.01")
        if len(set(attack)) < 2:
            assert [found[name] for name in names] == [None] * 4
            return
        assert same(found["roc_auc"], oracle.roc_auc_score(attack, scores))
        assert same(found["average_precision"], oracle.average_precision_score(attack, scores))
        assert found["tpr_at_fpr_0.001"] is found["tpr_at_fpr_0.01"] is None  # too few rows

    @pytest.mark.parametrize("seed", range(5))
    def test_highest_tpr_agrees_with_sklearn(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        attack = np.arange(1200) < 150
        scores = np.round(rng.random(1200) * 0.7 + attack * rng.random(1200) * 0.3, 3)
        proba = np.c_[1 - scores, scores]
        found = compute_metrics(Predictions(attack.astype(np.int64), proba, 0))
        assert same(found["tpr_at_fpr_0.001"], highest_tpr(attack, attack_scores(proba, 0), 0.001))
        assert same(found["tpr_at_fpr_0.01"], highest_tpr(attack, attack_scores(proba, 0), 0.01))

    @pytest.mark.parametrize("n_benign", [999, 1000, 20_000])
    def test_tpr_allows_just_the_bounds_false_positives(self, n_benign: int) -> None:
        allowed = n_benign // 1000
        # From the top: the allowed benign rows, one attack, one benign row too many, one attack.
        scores = np.r_[np.full(allowed, 0.9), 0.8, 0.7, 0.6, np.full(n_benign - allowed - 1, 0.1)]
        y = np.zeros(len(scores), dtype=np.int64)
        y[[allowed, allowed + 2]] = 1
        found = compute_metrics(Predictions(y, np.c_[1 - scores, scores], 0))
        # With fewer than 1 / 0.001 benign rows the rate cannot be measured.
        assert found["tpr_at_fpr_0.001"] == (None if n_benign < 1000 else 0.5)

    def test_rate_takes_as_many_negatives(self) -> None:
        assert [negatives_for(bound) for bound in (0.001, 0.01, 0.03, 0.5)] == [1000, 100, 34, 2]
