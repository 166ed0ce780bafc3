"""What a text scores, for trees: out of fold on training rows, bounded in rows and time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api.contracts import TrainJob
from sftsec_core.api.domain import Batch, Example
from sftsec_core.recipes.config import BoostedConfig
from sftsec_core.recipes.linear import LinearModel, train_linear
from sftsec_core.recipes.text_scores import TextScores
from tests.core.recipes.jobs import job_of, many_classes, two_classes


def random_texts(count: int, *, clusters: bool) -> list[Example]:
    """Texts that say nothing of their label, each four times under the same label."""
    random = np.random.default_rng(0)
    made = []
    for number in range(count):
        words = " ".join(str(each) for each in random.integers(0, 10**9, 3))
        label = "malicious" if random.random() < 0.5 else "benign"
        cluster = number if clusters else -1
        made += [
            Example.of_text(f"{number}-{copy}", words, label, cluster=cluster) for copy in range(4)
        ]
    return made


def fitted(examples: list[Example], tmp_path: Path) -> tuple[TextScores, np.ndarray]:
    found = TextScores.fit(job_of(examples, tmp_path, config=BoostedConfig()), examples)
    assert found is not None
    return found


class TestOutOfFold:
    def test_copies_do_not_leak(self, tmp_path: Path) -> None:
        def right(*, clusters: bool) -> float:
            examples = random_texts(60, clusters=clusters)
            _, scores = fitted(examples, tmp_path)
            truth = np.array([each.label == "malicious" for each in examples])
            return float(((scores[:, 0] > 0.5) == truth).mean())

        assert right(clusters=True) < 0.7
        assert right(clusters=False) > 0.95

    def test_scores_tell_what_is_learnt(self, tmp_path: Path) -> None:
        examples = two_classes(60)
        scores, found = fitted(examples, tmp_path)
        assert scores.names == ("malicious",)
        truth = np.array([each.label == "malicious" for each in examples])
        assert ((found[:, 0] > 0.5) == truth).all()
        again = fitted(examples, tmp_path)[1]
        np.testing.assert_array_equal(found, again)

    def test_several_classes_have_columns(self, tmp_path: Path) -> None:
        examples = many_classes(4, each=6)
        scores, found = fitted(examples, tmp_path)
        assert found.shape == (24, 4)
        assert scores(Batch.of_texts(["x"])).shape == (1, 4)

    def test_one_group_alone_is_split(self, tmp_path: Path) -> None:
        examples = [replace(each, groups=("site",)) for each in two_classes(60)]
        assert np.isfinite(fitted(examples, tmp_path)[1]).all()

    def test_lone_label_leaves_rows_without(self, tmp_path: Path) -> None:
        benign = [replace(e, groups=("a",)) for e in two_classes(40) if e.label == "benign"]
        bad = [replace(e, groups=("b",)) for e in two_classes(40) if e.label != "benign"]
        assert np.isnan(fitted([*benign, *bad], tmp_path)[1]).all()


class TestBounds:
    def test_rows_beyond_are_scored_too(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sftsec_core.recipes.text_scores.MAX_ROWS", 30)
        assert np.isfinite(fitted(two_classes(200), tmp_path)[1]).all()

    def test_deadline_bounds_the_rows(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sftsec_core.recipes.text_scores._SAMPLE", 20)
        examples = two_classes(400)
        sizes: list[int] = []
        job = replace(job_of(examples, tmp_path, config=BoostedConfig()), deadline_s=1e-6)

        def counted(one: TrainJob[Any]) -> LinearModel:
            sizes.append(len(one.train))
            return train_linear(one)

        monkeypatch.setattr("sftsec_core.recipes.text_scores.train_linear", counted)
        assert TextScores.fit(job, examples) is not None
        assert max(sizes) <= 22

    def test_empty_texts_give_none(self, tmp_path: Path) -> None:
        examples = [Example.of_text(f"{n}", "", "ab"[n % 2]) for n in range(20)]
        assert TextScores.fit(job_of(examples, tmp_path, config=BoostedConfig()), examples) is None
