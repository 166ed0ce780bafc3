"""A model that gives all rows one answer is refused, whichever recipe made it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.api.contracts import RecipeSpec, TrainJob
from sftsec_core.api.domain import Batch, Example
from sftsec_core.api.errors import TrainingError
from sftsec_core.api.settings.choice import Choice
from sftsec_core.recipes.config import LinearConfig
from sftsec_core.recipes.majority import fit_recipe, require_learning
from sftsec_core.recipes.specs import LINEAR
from tests.core.recipes.jobs import job_of, two_classes


@dataclass(frozen=True)
class Answering:
    """A model that reads the probability of an attack off a text."""

    labels: tuple[str, ...]
    attack: Callable[[str], float]

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        attack = np.array([self.attack(text) for text in batch.text()])
        return np.stack([1 - attack, attack], axis=1)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def check(job: TrainJob[Any], attack: Callable[[str], float]) -> None:
    require_learning(Answering(job.task.labels, attack), job, "full")


def rare(benign: int, attacks: int, start: int = 0) -> list[Example]:
    labels = ["benign"] * benign + ["malicious"] * attacks
    return [
        Example.of_text(f"{i}", f"{label} text {i}", label)
        for i, label in enumerate(labels, start=start)
    ]


def constant(job: TrainJob[Any]) -> Answering:
    return Answering(job.task.labels, lambda _text: 0.2)


def is_bad(text: str) -> bool:
    return "malicious" in text


class TestRequireLearning:
    @pytest.mark.parametrize("dev", [two_classes(100), two_classes(12), ()])
    @pytest.mark.parametrize("answer", [0.1, 0.9])
    def test_refuses_one_answer_for_all(
        self, tmp_path: Path, dev: Sequence[Example], answer: float
    ) -> None:
        with pytest.raises(TrainingError, match=r"recipe 'full' learned nothing: macro-F1 0\.333"):
            check(job_of(two_classes(200), tmp_path, dev=dev), lambda _text: answer)

    def test_refuses_answers_that_are_reversed(self, tmp_path: Path) -> None:
        job = job_of(two_classes(200), tmp_path, dev=two_classes(100))
        with pytest.raises(TrainingError, match="learned nothing"):
            check(job, lambda text: 0.1 if is_bad(text) else 0.9)

    def test_says_what_to_do(self, tmp_path: Path) -> None:
        with pytest.raises(TrainingError, match=r"raise train\.budget.* or use recipe 'linear'$"):
            check(job_of(two_classes(200), tmp_path), lambda _text: 0.1)

    def test_lets_a_little_learning_pass(self, tmp_path: Path) -> None:
        job = job_of(two_classes(200), tmp_path, dev=two_classes(100))
        check(job, lambda text: 0.9 if is_bad(text) and text.endswith("1") else 0.1)

    def test_lets_few_attacks_be_ranked_only(self, tmp_path: Path) -> None:
        job = job_of(rare(980, 20), tmp_path, dev=rare(490, 10, start=1000))
        check(job, lambda text: 0.3 if is_bad(text) else 0.1)
        with pytest.raises(TrainingError, match="learned nothing"):
            check(job, lambda text: 0.1 if is_bad(text) else 0.3)

    def test_few_dev_rows_do_not_decide(self, tmp_path: Path) -> None:
        """One missed attack of two would be the majority's macro-F1 but for train."""
        dev = rare(60, 1, start=1000)
        job = job_of(rare(900, 100), tmp_path, dev=dev)
        missed = dev[-1].inputs["text"]
        check(job, lambda text: 0.9 if is_bad(text) and text != missed else 0.1)

    def test_says_nothing_of_one_class(self, tmp_path: Path) -> None:
        job = job_of(two_classes(200), tmp_path)
        job = replace(job, train=[e for e in job.train if e.label == "benign"])
        check(job, lambda _text: 0.1)


class TestFitRecipe:
    def test_gives_a_model_that_learned(self, tmp_path: Path) -> None:
        job = job_of(two_classes(100), tmp_path, dev=two_classes(60), config=LinearConfig())
        assert fit_recipe(LINEAR, job).labels == job.task.labels

    def test_refuses_the_baseline_only_where_asked_for(self, tmp_path: Path) -> None:
        job = job_of(two_classes(100), tmp_path, config=LinearConfig())
        recipe: RecipeSpec[Any] = replace(LINEAR, fit=constant)
        assert job.settings.recipe.name != "linear"
        assert fit_recipe(recipe, job).labels == job.task.labels
        own = job.settings.model_copy(update={"recipe": Choice(name="linear")})
        with pytest.raises(TrainingError, match=r"learned nothing.* or choose other fields$"):
            fit_recipe(recipe, replace(job, settings=own))

    def test_refuses_a_plugins_constant_model(self, tmp_path: Path) -> None:
        recipe: RecipeSpec[Any] = replace(LINEAR, name="constant", fit=constant)
        with pytest.raises(TrainingError, match="recipe 'constant' learned nothing"):
            fit_recipe(recipe, job_of(two_classes(100), tmp_path))
