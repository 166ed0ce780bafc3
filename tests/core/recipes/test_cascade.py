"""A cascade asks its second model about the band that dev chose, and about nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api.contracts import TrainJob
from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import IntegrityError, TrainingError
from sftsec_core.models.model_format import load_model, save_model
from sftsec_core.recipes.cascade import Band, CascadeModel, choose_band, train_cascade
from sftsec_core.recipes.config import CascadeConfig, EncoderSettings
from sftsec_core.recipes.specs import MEMBERS, RECIPES
from tests.core.recipes.jobs import job_of, many_classes, two_classes
from tests.core.scoring.parts import WordModel

KNOWN = {recipe.name: recipe for recipe in RECIPES}


def small_job(tiny: EncoderSettings, work: Path, **changes: Any) -> TrainJob[Any]:
    config = CascadeConfig(then="hybrid", encoder=tiny)
    return replace(job_of(two_classes(80), work, dev=two_classes(140), config=config), **changes)


def two_sided(scores: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
    return np.stack([1 - scores, scores], axis=1)


class Sure:
    """Gives an attack score for each text, which is the text."""

    labels = ("ham", "spam")

    def predict_proba(self, batch: Batch) -> Any:
        return two_sided(np.array([float(text) for text in batch.text()]))

    def unread(self, batch: Batch) -> list[list[tuple[int, int]]]:
        return [[(0, 1)] for _ in range(len(batch))]

    def save(self, folder: Path) -> None:
        raise AssertionError(folder)


class TestCascadeModel:
    def test_asks_about_the_band_alone(self) -> None:
        second = WordModel(Sure.labels)
        model = CascadeModel(
            Sure.labels, Sure(), second, "full", (1.0, 1.0), Band(0.2, 0.8), 0, inference_cost=5
        )
        proba = model.predict_proba(Batch.of_texts(["0.1", "0.25", "0.5", "0.9"]))
        assert second.asked == [["0.25", "0.5"]]
        assert proba[:, 1].round(6).tolist() == [0.1, 0.0, 0.0, 0.9]
        assert model.unread(Batch.of_texts(["0.1", "0.5"])) == [[(0, 1)], []]

    def test_loaded_answers_as_when_saved(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        made = train_cascade(small_job(tiny, tmp_path / "work"), MEMBERS)
        save_model(made, "cascade", tmp_path / "model")
        loaded = load_model(tmp_path / "model", KNOWN)
        texts = Batch.of_texts(["curl evil host", "", "git commit"])
        assert loaded.predict_proba(texts).tolist() == made.predict_proba(texts).tolist()
        assert loaded.inference_cost == made.inference_cost < 22  # type: ignore[attr-defined]
        rows = loaded.embed(texts)  # type: ignore[attr-defined]
        same, empty, other = (rows @ rows.T).toarray()[0].tolist()
        assert (same, empty) == (pytest.approx(1), 0)
        assert other < 0.3
        settings = tmp_path / "model" / "cascade.json"
        whole = json.loads(settings.read_text())
        for wrong in ({"then": "../full"}, {"band": [0]}, {"temperatures": ["hot", 1]}):
            settings.write_text(json.dumps({**whole, **wrong}))
            with pytest.raises(IntegrityError):
                load_model(tmp_path / "model", KNOWN)


class TestTrainCascade:
    def test_many_classes_go_by_confidence(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        job = small_job(tiny, tmp_path, train=many_classes(4, 12), dev=many_classes(4, 30))
        task = replace(job.task, labels=("T000", "T001", "T002", "T003"), benign=None)
        made = train_cascade(replace(job, task=task), MEMBERS)
        assert made.benign is None
        assert made.notes["passed_on"] < 0.5
        assert made.predict_proba(Batch.of_texts(["technique number002"])).argmax() == 2

    def test_few_rows_of_dev_pass_all_on(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        made = train_cascade(small_job(tiny, tmp_path, dev=()), MEMBERS)
        assert made.notes["passed_on"] == 1.0
        assert "dev has 0 rows" in made.notes["reason"]
        assert len(made.predict_proba(Batch.of_texts([]))) == 0

    def test_missing_packages_are_told(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        gone = replace(MEMBERS["hybrid"], requires=(*MEMBERS["lora"].requires,))
        lacking = replace(gone.requires[0], module="no_such_module")
        recipes = {**MEMBERS, "hybrid": replace(gone, requires=(lacking,))}
        with pytest.raises(TrainingError, match="no_such_module"):
            train_cascade(small_job(tiny, tmp_path), recipes)


class TestChooseBand:
    @pytest.fixture
    def drawn(self) -> tuple[Any, Any, Any]:
        """Scores of a model that is unsure about a tenth of the rows, and of one that knows."""
        chance = np.random.default_rng(3)
        y = chance.integers(0, 2, 4000)
        first = np.where(y == 1, 0.97, 0.03) + chance.uniform(-0.02, 0.02, 4000)
        unsure = chance.random(4000) < 0.1
        first[unsure] = chance.uniform(0.4, 0.6, unsure.sum())
        second = np.where(y == 1, 0.9, 0.1) + chance.uniform(-0.05, 0.05, 4000)
        return two_sided(first), two_sided(second), y

    def test_is_where_the_first_is_unsure(self, drawn: tuple[Any, Any, Any]) -> None:
        band, notes = choose_band(*drawn, 0, 0.002)
        assert 0.09 < notes["passed_on"] < 0.3
        assert band.low < 0.41
        assert band.high > 0.59
        for name, figure in notes["dev_of_second"].items():
            assert notes["dev"][name] >= figure - 0.001
        assert notes["dev_of_linear"]["macro_f1"] < 0.96

    def test_is_empty_where_both_agree(self, drawn: tuple[Any, Any, Any]) -> None:
        first, _, y = drawn
        _, notes = choose_band(first, first, y, 0, 0.002)
        assert notes["passed_on"] < 0.02

    def test_holds_all_where_the_first_guesses(self, drawn: tuple[Any, Any, Any]) -> None:
        _, second, y = drawn
        guessed = two_sided(np.random.default_rng(5).random(len(y)))
        _, notes = choose_band(guessed, second, y, 0, 0.002)
        assert notes["passed_on"] > 0.95
