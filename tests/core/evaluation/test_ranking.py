"""Figures of a ranking agree with scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray
from sklearn import metrics as oracle

from sftsec_core.api.predictions import Predictions, attack_scores
from sftsec_core.evaluation.metrics import compute_metrics
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
        assert same(found["tpr_at_fpr_0.001"], highest_tpr(attack, scores, 0.001))
        assert same(found["tpr_at_fpr_0.01"], highest_tpr(attack, scores, 0.01))

    @pytest.mark.parametrize("n_benign", [999, 1000, 20_000])
    def test_tpr_allows_just_the_bounds_false_positives(self, n_benign: int) -> None:
        allowed = n_benign // 1000
        # From the top: the allowed benign rows, one attack, one benign row too many, one attack.
        scores = np.r_[np.full(allowed, 0.9), 0.8, 0.7, 0.6, np.full(n_benign - allowed - 1, 0.1)]
        y = np.zeros(len(scores), dtype=np.int64)
        y[[allowed, allowed + 2]] = 1
        found = compute_metrics(Predictions(y, np.c_[1 - scores, scores], 0))
        assert found["tpr_at_fpr_0.001"] == 0.5
