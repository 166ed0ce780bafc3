"""The logistic head: which examples it is fitted on, and its columns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sftsec_core.api.domain import Batch, Example
from sftsec_core.api.errors import DataError
from sftsec_core.recipes.linear import train_linear
from sftsec_core.recipes.logistic import MAX_PARAMETERS, feature_bound
from tests.core.recipes.jobs import job_of, two_classes


class TestUsable:
    def test_refuses_one_label_by_name(self, tmp_path: Path) -> None:
        examples = [example for example in two_classes() if example.label == "benign"]
        with pytest.raises(DataError, match=r"two labels or more; all 20 are 'benign'"):
            train_linear(job_of(examples, tmp_path))

    def test_refuses_no_rows_at_all(self, tmp_path: Path) -> None:
        job = replace(job_of(two_classes(), tmp_path), train=())
        with pytest.raises(DataError, match="there are none"):
            train_linear(job)

    def test_leaves_out_examples_without_trust(self, tmp_path: Path) -> None:
        doubted = [replace(e, weight=0.0) for e in two_classes() if e.label == "malicious"]
        kept = [e for e in two_classes() if e.label == "benign"]
        with pytest.raises(DataError, match="two labels"):
            train_linear(job_of([*kept, *doubted], tmp_path))


class TestLogisticHead:
    def test_refuses_features_of_empty_texts(self, tmp_path: Path) -> None:
        blank = [
            Example.of_text("1", "", "a"),
            Example.of_text("2", " ", "a"),
            Example.of_text("3", "", "b"),
        ]
        with pytest.raises(DataError, match="no two training texts have anything in common"):
            train_linear(job_of(blank, tmp_path))

    def test_unseen_class_has_probability_zero(self, tmp_path: Path) -> None:
        job = job_of(two_classes(), tmp_path)
        task = replace(job.task, labels=("benign", "malicious", "rare"))
        proba = train_linear(replace(job, task=task)).predict_proba(Batch.of_texts(["anything"]))
        assert proba.shape == (1, 3)
        assert proba[0, 2] == 0
        assert proba.sum() == pytest.approx(1)

    def test_without_weights_favours_the_common_class(self, tmp_path: Path) -> None:
        common = [Example.of_text(f"c{i}", f"same words {i % 3}", "benign") for i in range(40)]
        rare = [Example.of_text(f"r{i}", f"same words {i % 3}", "malicious") for i in range(4)]
        balanced, plain = (
            train_linear(job_of([*common, *rare], tmp_path, class_weights=weights))
            for weights in ("balanced", "none")
        )
        text = ["same words 1"]
        assert (
            plain.predict_proba(Batch.of_texts(text))[0, 1]
            < 0.2
            < balanced.predict_proba(Batch.of_texts(text))[0, 1]
        )


class TestFeatureBound:
    def test_shrinks_with_the_classes(self) -> None:
        assert feature_bound(2) == MAX_PARAMETERS
        assert feature_bound(300) * 300 <= MAX_PARAMETERS
