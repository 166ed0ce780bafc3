"""A fine-tuned encoder in 8 bits scores as its parent, whatever shares the batch."""

from __future__ import annotations

import builtins
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api.domain import Batch, Example, InputField, InputKind
from sftsec_core.api.errors import IntegrityError, TrainingError
from sftsec_core.models.model_format import load_model, save_model
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.classifier import EncoderModel
from sftsec_core.recipes.encoder.full import train_full
from sftsec_core.recipes.specs import MEMBERS
from tests.core.recipes.tiny_encoder import PROBES, make_job

LONG = "git commit list files " * 200 + "dump lsass evil"


@pytest.fixture(scope="session")
def quantized(trained: EncoderModel) -> EncoderModel:
    return trained.quantized()


@pytest.fixture
def folder(quantized: EncoderModel, tmp_path: Path) -> Path:
    save_model(quantized, "full", tmp_path / "model")
    return tmp_path / "model"


class TestScores:
    def test_are_close_to_the_parents(self, trained: EncoderModel, quantized: EncoderModel) -> None:
        batch = Batch.of_texts([*PROBES, LONG])
        found, wanted = quantized.predict_proba(batch), trained.predict_proba(batch)
        assert found.shape == wanted.shape
        np.testing.assert_allclose(found, wanted, atol=0.05)
        assert (found.argmax(1) == wanted.argmax(1)).all()

    def test_neighbours_change_no_score(self, quantized: EncoderModel) -> None:
        texts = [*PROBES, LONG, *(f"read the report {n}" for n in range(40))]
        together = quantized.predict_proba(Batch.of_texts(texts))
        alone = [quantized.predict_proba(Batch.of_texts([text]))[0] for text in texts]
        np.testing.assert_allclose(together, alone, atol=1e-6)

    def test_threads_change_no_score(
        self, quantized: EncoderModel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        batch, found = Batch.of_texts(PROBES), []
        for threads in ("1", "3"):
            monkeypatch.setenv("OMP_NUM_THREADS", threads)
            found.append(quantized.predict_proba(batch))
        np.testing.assert_array_equal(found[0], found[1])

    def test_cost_less_than_the_recipes(self, trained: EncoderModel, quantized: Any) -> None:
        recipe = MEMBERS["full"]
        assert recipe.cost_of(quantized) < recipe.cost_of(trained) == recipe.inference_cost


class TestSavedModel:
    def test_loads_with_the_same_answers(self, quantized: EncoderModel, folder: Path) -> None:
        loaded, batch = load_model(folder, MEMBERS), Batch.of_texts([*PROBES, LONG])
        np.testing.assert_array_equal(loaded.predict_proba(batch), quantized.predict_proba(batch))
        assert isinstance(loaded, EncoderModel)
        assert loaded.unread(batch) == quantized.unread(batch)
        assert not (folder / "model.safetensors").exists()

    def test_two_exports_are_equal_files(
        self, trained: EncoderModel, folder: Path, tmp_path: Path
    ) -> None:
        save_model(trained.quantized(), "full", tmp_path / "again")
        ours, again = (
            (each / "encoder.onnx").read_bytes() for each in (folder, tmp_path / "again")
        )
        assert ours == again

    def test_damaged_graph_is_refused(self, folder: Path) -> None:
        graph = folder / "encoder.onnx"
        graph.write_bytes(graph.read_bytes()[:5000])
        with pytest.raises(IntegrityError, match="cannot be loaded"):
            load_model(folder, MEMBERS)
        graph.write_bytes(b"\x80\x04pickle")
        with pytest.raises(IntegrityError, match="never unpickled"):
            load_model(folder, MEMBERS)


class TestSideInputs:
    def test_numbers_move_the_score_likewise(
        self, encoder: EncoderSettings, tmp_path: Path
    ) -> None:
        job = make_job(encoder, tmp_path)
        field = InputField("count", InputKind.NUMBER, ("count",))
        task = replace(job.task, inputs=(*job.task.inputs, field))
        rows = [_with_count(each, 5.0 * (each.label == "malicious")) for each in job.train]
        trained = train_full(replace(job, task=task, train=rows, dev=rows[:21]))
        batch = Batch.of_examples(task.inputs, rows)
        found = trained.quantized().predict_proba(batch)
        np.testing.assert_allclose(found, trained.predict_proba(batch), atol=0.05)


class TestRefusals:
    def test_model_in_8_bits_already(self, quantized: EncoderModel) -> None:
        with pytest.raises(TrainingError, match="in 8 bits already"):
            quantized.quantized()

    @pytest.mark.parametrize("module", ["onnxscript", "onnxruntime"])
    def test_missing_package_is_named(
        self, trained: EncoderModel, module: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = builtins.__import__

        def without(name: str, *args: Any, **kwargs: Any) -> Any:
            if name == module:
                raise ImportError(name)
            return real(name, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", without)
        with pytest.raises(TrainingError, match=r"sftsec\[onnx\]"):
            trained.quantized()


def _with_count(example: Example, count: float) -> Example:
    return replace(example, inputs={**example.inputs, "count": count})
