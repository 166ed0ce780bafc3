from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as oracle

from sftsec_core.api.predictions import Predictions, attack_scores, predict_labels
from sftsec_core.evaluation.metrics import METRIC_NAMES, compute_metrics

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


def highest_tpr(attack: NDArray[np.bool_], scores: NDArray[np.float64], bound: float) -> float:
    fpr, tpr, _ = oracle.roc_curve(attack, scores, drop_intermediate=False)
    return float(tpr[fpr <= bound].max())


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
def test_figures_of_the_attack_side_agree_with_sklearn_or_are_none(given_answers: Answers) -> None:
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


@given(answers())
@settings(max_examples=60, deadline=None)
def test_ranking_figures_agree_with_sklearn_or_are_none(given_answers: Answers) -> None:
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


@given(answers(smallest=3))
@settings(max_examples=50, deadline=None)
def test_without_a_benign_class_rankings_are_one_versus_rest_means(given_answers: Answers) -> None:
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


@pytest.mark.parametrize("n_benign", [999, 1000, 20_000])
def test_tpr_at_fpr_allows_exactly_the_false_positives_of_its_bound(n_benign: int) -> None:
    allowed = n_benign // 1000
    # From the top: the allowed benign rows, one attack, one benign row too many, one attack.
    scores = np.r_[np.full(allowed, 0.9), 0.8, 0.7, 0.6, np.full(n_benign - allowed - 1, 0.1)]
    y = np.zeros(len(scores), dtype=np.int64)
    y[[allowed, allowed + 2]] = 1
    found = compute_metrics(Predictions(y, np.c_[1 - scores, scores], 0))
    assert found["tpr_at_fpr_0.001"] == 0.5


def test_ece_is_the_mean_gap_between_promise_and_outcome() -> None:
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.05, 0.05])
    y = np.array([1, 1, 1, 0, 0, 0])
    found = compute_metrics(Predictions(y, np.c_[1 - confidence, confidence], 0))
    assert found["ece"] == pytest.approx(4 / 6 * abs(0.75 - 0.95) + 2 / 6 * 0.05)


@pytest.mark.parametrize("y", [[0, 0, 0], [1, 1, 1], [0], [1]])
def test_one_sided_tests_give_none_and_never_a_warning_or_a_number_made_up(y: list[int]) -> None:
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
