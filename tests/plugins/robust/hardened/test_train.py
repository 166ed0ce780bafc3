"""The recipe keeps the contract of recipes, and benign text beside an attack hides nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api import (
    Batch,
    Example,
    IntegrityError,
    RecipeSpec,
    TaskSpec,
    TrainingError,
    TrainJob,
    TrainSettings,
)
from sftsec_core.testing import RecipeContract, make_examples, make_task
from sftsec_robust.hardened.model import SETTINGS, load_hardened
from sftsec_robust.hardened.train import train_hardened
from sftsec_robust.hooks import sftsec_register_recipes
from sftsec_robust.settings import HardenedSettings


def job(
    examples: list[Example], task: TaskSpec | None = None, **settings: Any
) -> TrainJob[HardenedSettings]:
    return TrainJob(
        task=task or make_task(),
        train=examples,
        dev=[],
        config=HardenedSettings(**settings),
        settings=TrainSettings(),
        workdir=Path(),
    )


class TestHardenedRecipe(RecipeContract):
    def spec(self) -> RecipeSpec[Any]:
        return sftsec_register_recipes()[0]


class TestPadding:
    def test_hides_no_attack(self) -> None:
        model = train_hardened(job(make_examples(80)))
        attack = "urgent verify your account password"
        padded = [f"{'lunch meeting agenda on thursday ' * 60}{attack}", f"{attack} lunch " * 3]
        alone, *others = model.predict_proba(Batch.of_texts([attack, *padded]))[:, 1]
        assert alone > 0.5
        assert min(others) > 0.5

    def test_disguise_scores_the_same(self) -> None:
        model = train_hardened(job(make_examples(80)))
        proba = model.predict_proba(Batch.of_texts(["verify account", "v\u0435rify acc\u200bount"]))
        np.testing.assert_allclose(proba[0], proba[1])


class TestLabels:
    def test_several_attacks_are_told_apart(self) -> None:
        words = {"benign": "lunch agenda", "phish": "verify password", "shell": "curl bash"}
        examples = [
            Example.of_text(f"{label}{n}", f"{text} {n}", label)
            for label, text in words.items()
            for n in range(12)
        ]
        task = TaskSpec.of_text("t", ("message",), ("benign", "phish", "shell", "rare"), "benign")
        model = train_hardened(job(examples, task, copies=0))
        proba = model.predict_proba(Batch.of_texts(list(words.values())))
        assert proba.argmax(axis=1).tolist() == [0, 1, 2]
        np.testing.assert_allclose(proba.sum(axis=1), 1)
        assert (proba[:, 3] == 0).all()

    def test_task_without_benign_is_refused(self) -> None:
        task = TaskSpec.of_text("t", ("message",), ("benign", "malicious"))
        with pytest.raises(TrainingError, match="name the task's `benign` label"):
            train_hardened(job(make_examples(10), task))

    def test_one_side_alone_is_refused(self) -> None:
        with pytest.raises(TrainingError, match="benign rows and attacks"):
            train_hardened(job(make_examples(10, labels=("benign",))))


class TestSettings:
    def test_urls_get_short_windows(self) -> None:
        urls = [
            Example.of_text(f"{n}", f"https://{'evil' if n % 2 else 'good'}{n}.example/", label)
            for n in range(10)
            for label in [("benign", "malicious")[n % 2]]
        ]
        assert train_hardened(job(urls)).sizes == (24, 48)
        assert train_hardened(job(make_examples(10))).sizes == (80,)

    @pytest.mark.parametrize("sizes", [(48, 24), (4,), (24, 24)])
    def test_wrong_windows_are_refused(self, sizes: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match="ascending"):
            HardenedSettings(windows=sizes)

    def test_what_is_cut_is_told(self) -> None:
        model = train_hardened(job(make_examples(10), max_chars=100))
        assert model.unread(Batch.of_texts(["a" * 130, "b"])) == [[(100, 130)], []]


class TestLoad:
    def test_damaged_settings_are_refused(self, tmp_path: Path) -> None:
        train_hardened(job(make_examples(10))).save(tmp_path)
        (tmp_path / SETTINGS).write_text("{}")
        with pytest.raises(IntegrityError, match="no model of 'hardened'"):
            load_hardened(tmp_path)
