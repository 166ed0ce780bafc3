"""The recipe's contract passes a right recipe and finds wrong ones."""

from __future__ import annotations

import json
import pickle
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.api.contracts import RecipeSpec, TrainedModel, TrainJob
from sftsec_core.api.domain import Batch
from sftsec_core.testing import RecipeContract


class WordModel:
    """Hold a word's classes; the smallest model that learns."""

    def __init__(self, labels: tuple[str, ...], words: dict[str, list[float]]) -> None:
        self.labels = labels
        self.words = words

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        texts = batch.text()
        scores = np.full((len(texts), len(self.labels)), 0.01)
        for row, text in enumerate(texts):
            for word in text.split():
                scores[row] += np.asarray(self.words.get(word, [0] * len(self.labels))) ** 2
        return np.asarray(scores / scores.sum(axis=1, keepdims=True), dtype=np.float64)

    def save(self, folder: Path) -> None:
        body = {"labels": self.labels, "words": self.words}
        (folder / "words.json").write_text(json.dumps(body), encoding="utf-8")


class Pickles(WordModel):
    def save(self, folder: Path) -> None:
        super().save(folder)
        (folder / "words.dat").write_bytes(pickle.dumps(self.words))


class SavesTooLittle(WordModel):
    def save(self, folder: Path) -> None:
        WordModel(self.labels, {}).save(folder)


class SeesNeighbours(WordModel):
    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        texts = batch.text()
        return super().predict_proba(Batch.of_texts([" ".join(texts)] * len(texts)))


class TurnsColumns(WordModel):
    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        return super().predict_proba(batch)[:, ::-1]


class PicklesInText(WordModel):
    def save(self, folder: Path) -> None:
        super().save(folder)
        body = json.loads((folder / "words.json").read_text(encoding="utf-8"))
        body["tree"] = b64encode(pickle.dumps(self.words)).decode()
        (folder / "words.json").write_text(json.dumps(body), encoding="utf-8")


class PicklesInDigits(WordModel):
    def save(self, folder: Path) -> None:
        super().save(folder)
        (folder / "words.txt").write_text(pickle.dumps(self.words).hex(), encoding="utf-8")


class RecipeUnderTest(RecipeContract):
    kind: ClassVar[type[WordModel]] = WordModel
    reads_dev: ClassVar[bool] = False
    reads_weights: ClassVar[bool] = True

    def spec(self) -> RecipeSpec[Any]:
        return RecipeSpec(
            name="words", summary="Counts words", inference_cost=1, fit=self._train, load=self._load
        )

    def _train(self, job: TrainJob) -> TrainedModel:
        words: dict[str, list[float]] = {}
        for example in (*job.train, *(job.dev if self.reads_dev else ())):
            for word in str(example.inputs["text"]).split():
                counts = words.setdefault(word, [0] * len(job.task.labels))
                weight = example.weight if self.reads_weights else 1
                counts[job.task.labels.index(example.label)] += weight
        return self.kind(job.task.labels, words)

    def _load(self, folder: Path) -> TrainedModel:
        body = json.loads((folder / "words.json").read_text(encoding="utf-8"))
        return self.kind(tuple(body["labels"]), body["words"])


class TestARightRecipe(RecipeUnderTest):
    """Everything, inherited."""


@pytest.mark.parametrize(
    ("faulty", "test"),
    [
        (Pickles, "test_a_saved_model_is_safetensors_and_json"),
        (SavesTooLittle, "test_a_saved_model_loads_to_the_same_probabilities"),
        (SeesNeighbours, "test_a_text_scores_the_same_alone_and_among_others"),
        (TurnsColumns, "test_it_learns_what_a_word_gives_away"),
        (PicklesInText, "test_a_saved_model_is_safetensors_and_json"),
        (PicklesInDigits, "test_a_saved_model_is_safetensors_and_json"),
    ],
)
def test_contract_finds_a_faulty_recipe(faulty: type[WordModel], test: str, tmp_path: Path) -> None:
    contract = type("Faulty", (RecipeUnderTest,), {"kind": faulty})()
    with pytest.raises(AssertionError):
        getattr(contract, test)(tmp_path)


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        ({"reads_dev": True}, "test_dev_examples_are_not_trained_on"),
        ({"reads_weights": False}, "test_weights_of_examples_count"),
    ],
)
def test_contract_finds_wrongly_read_examples(
    fault: Mapping[str, bool], test: str, tmp_path: Path
) -> None:
    contract = type("Faulty", (RecipeUnderTest,), dict(fault))()
    with pytest.raises(AssertionError):
        getattr(contract, test)(tmp_path)
