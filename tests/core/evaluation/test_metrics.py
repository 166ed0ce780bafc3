from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from sklearn import metrics as oracle

from sftsec_core.api.predictions import Predictions, predict_labels
from sftsec_core.evaluation.metrics import METRIC_NAMES, compute_metrics
from tests.core.evaluation.answers import Answers, answers, same


@given(answers())
@settings(max_examples=60, deadline=None)
def test_figures_over_all_classes_agree_with_sklearn(given_answers: Answers) -> None:
    y, proba, threshold = given_answers
    predicted = predict_labels(proba, 0, threshold)
    found = compute_metrics(Predictions(y, proba, 0, threshold))
    assert same(found["accuracy"], oracle.accuracy_score(y, predicted))
    assert same(found["macro_f1"], oracle.f1_score(y, predicted, average="macro"))
    assert same(found["micro_f1"], oracle.f1_score(y, predicted, average="micro"))
    precision = oracle.precision_score(y, predicted, average="macro", zero_division=0)
    assert same(found["macro_precision"], precision)
    recalls = oracle.recall_score(y, predicted, average=None, labels=np.unique(y))
    assert same(found["macro_recall"], np.mean(recalls))


@given(answers())
@settings(max_examples=60, deadline=None)
def test_attack_figures_agree_with_sklearn(given_answers: Answers) -> None:
    y, proba, threshold = given_answers
    attack, alerts = y != 0, predict_labels(proba, 0, threshold) != 0
    found = compute_metrics(Predictions(y, proba, 0, threshold))
    if alerts.any():
        assert same(found["precision"], oracle.precision_score(attack, alerts))
    else:
        assert found["precision"] is None
    if attack.any():
        assert same(found["recall"], oracle.recall_score(attack, alerts))
    else:
        assert found["recall"] is None
    if alerts.any() or attack.any():
        assert same(found["f1"], oracle.f1_score(attack, alerts))
    else:
        assert found["f1"] is None
    if len(set(alerts)) == len(set(attack)) == 2:
        assert same(found["mcc"], oracle.matthews_corrcoef(attack, alerts))
    else:
        assert found["mcc"] is None


@given(answers(smallest=3))
@settings(max_examples=50, deadline=None)
def test_rankings_without_benign_are_class_means(given_answers: Answers) -> None:
    y, proba, _ = given_answers
    found = compute_metrics(Predictions(y, proba, None, 0.0))
    predicted = proba.argmax(axis=1)
    sides = ("f1", "precision", "recall", "fpr", "tpr_at_fpr_0.001", "tpr_at_fpr_0.01")
    assert [found[name] for name in sides] == [None] * len(sides)
    present = [c for c in range(proba.shape[1]) if 0 < (y == c).sum() < len(y)]
    if present:
        areas = [oracle.roc_auc_score(y == c, proba[:, c]) for c in present]
        precisions = [oracle.average_precision_score(y == c, proba[:, c]) for c in present]
        assert same(found["roc_auc"], np.mean(areas))
        assert same(found["average_precision"], np.mean(precisions))
    else:
        assert found["roc_auc"] is None
    if len(set(y)) > 1 and len(set(predicted)) > 1:
        assert same(found["mcc"], oracle.matthews_corrcoef(y, predicted))
    else:
        assert found["mcc"] is None


def test_ece_is_the_mean_calibration_gap() -> None:
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.05, 0.05])
    y = np.array([1, 1, 1, 0, 0, 0])
    found = compute_metrics(Predictions(y, np.c_[1 - confidence, confidence], 0))
    assert found["ece"] == pytest.approx(4 / 6 * abs(0.75 - 0.95) + 2 / 6 * 0.05)


@pytest.mark.parametrize("y", [[0, 0, 0], [1, 1, 1], [0], [1]])
def test_one_sided_parts_give_none_without_warning(y: list[int]) -> None:
    proba = np.tile([0.6, 0.4], (len(y), 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = compute_metrics(Predictions(np.array(y), proba, 0))
    assert tuple(found) == METRIC_NAMES
    assert found["precision"] is None
    assert found["roc_auc"] is None
    assert found["mcc"] is None
    assert (found["recall"] is None) == (y[0] == 0)
    assert (found["fpr"] is None) == (y[0] == 1)
    assert all(value is None or np.isfinite(value) for value in found.values())
