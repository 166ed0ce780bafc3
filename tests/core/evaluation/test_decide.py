from __future__ import annotations

import numpy as np

from sftsec_core.evaluation.decide import predict_labels

PROBA = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [1.0, 0.0, 0.0], [0.5, 0.25, 0.25]])


def test_an_attack_probability_on_the_threshold_is_a_detection() -> None:
    assert predict_labels(PROBA, 0, 0.5).tolist() == [0, 2, 0, 1]


def test_a_detection_is_never_labelled_benign_however_probable_benign_is() -> None:
    assert predict_labels(PROBA, 0, 0.1).tolist() == [1, 2, 0, 1]


def test_without_a_benign_class_the_most_probable_class_wins_and_the_threshold_is_mute() -> None:
    assert predict_labels(PROBA, None, 0.99).tolist() == [0, 2, 0, 0]


def test_the_benign_class_need_not_be_the_first_column() -> None:
    assert predict_labels(PROBA, 2, 0.85).tolist() == [0, 2, 0, 2]


def test_no_rows_give_no_labels() -> None:
    assert predict_labels(np.zeros((0, 3)), 0, 0.5).shape == (0,)
