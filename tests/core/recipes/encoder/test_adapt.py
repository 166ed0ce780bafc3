"""An encoder adapted to texts: better at their words, resumable, and itself where it cannot be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from sftsec_core.api.contracts import TrainJob
from sftsec_core.api.domain import Example, TaskSpec
from sftsec_core.api.errors import ConfigError, TrainingError
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.recipes.adaptation import Adaptation, AdaptationSettings
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder import adapter
from sftsec_core.recipes.encoder.adapt import adapt
from sftsec_core.recipes.encoder.adapter import AdaptationSteps
from sftsec_core.recipes.encoder_files import WEIGHTS, resolve_encoder
from tests.core.recipes.tiny_encoder import make_examples, settings_of


def job_of(
    encoder: EncoderSettings, workdir: Path, *, deadline_s: float | None = None, **settings: float
) -> TrainJob[AdaptationSettings]:
    chosen = {"epochs": 8, "batch_size": 8, "learning_rate": 1e-2, "head_rate": 1e-2, **settings}
    workdir.mkdir(exist_ok=True)
    return TrainJob(
        task=TaskSpec.of_text("tiny", ("message",), ("benign", "malicious"), benign="benign"),
        train=make_examples(60),
        dev=[
            Example.of_text(f"d{i}", f"{example.inputs['text']} later", example.label)
            for i, example in enumerate(make_examples(12))
        ],
        config=AdaptationSettings.model_validate({"encoder": encoder, **chosen}),
        settings=TrainSettings(),
        workdir=workdir,
        deadline_s=deadline_s,
    )


def adapted(job: TrainJob[AdaptationSettings], folder: Path) -> Adaptation:
    folder.mkdir(exist_ok=True)
    return adapt(job, folder)


class TestAdapt:
    def test_tells_its_words_better(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        found = adapted(job_of(encoder, tmp_path / "w"), tmp_path / "out")
        assert found.perplexity_after < found.perplexity_before
        assert found.parent_sha256 == encoder.sha256
        assert found.texts == 60
        assert found.best_step > found.head_steps == 16
        assert Adaptation.load(tmp_path / "out") == found
        # It is an encoder like any other, with the parent's files and other weights.
        made = resolve_encoder(settings_of(tmp_path / "out"))
        parent = resolve_encoder(encoder)
        assert set(made.files) == {*parent.files, "adaptation.json"}
        assert made.files["tokenizer.json"] == parent.files["tokenizer.json"]
        assert made.sha256 != parent.sha256

    def test_killed_one_goes_on(
        self, encoder: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = adapted(job_of(encoder, tmp_path / "a", epochs=3), tmp_path / "whole")
        job = job_of(encoder, tmp_path / "b", epochs=3)
        monkeypatch.setattr(adapter, "CHECKPOINT_EVERY_S", 0.0)
        steps: list[int] = []

        def die(step: int, _values: Mapping[str, float]) -> None:
            steps.append(step)
            if step > 12:
                raise KeyboardInterrupt

        object.__setattr__(job, "log", die)
        with pytest.raises(KeyboardInterrupt):
            adapted(job, tmp_path / "killed")
        steps.clear()
        monkeypatch.undo()
        object.__setattr__(job, "log", lambda step, _values: steps.append(step))
        again = adapted(job, tmp_path / "again")
        assert min(steps) >= 12
        assert again == whole
        first, second = (load_file(tmp_path / name / WEIGHTS) for name in ("whole", "again"))
        assert all((first[name] == second[name]).all() for name in first)

    def test_nothing_gained_keeps_nothing(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        job = job_of(encoder, tmp_path / "w", epochs=2, learning_rate=1e-12, head_rate=1e-12)
        with pytest.raises(TrainingError, match="no better than its parent"):
            adapted(job, tmp_path / "out")
        assert list((tmp_path / "out").iterdir()) == []

    def test_short_budget_is_refused(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        with pytest.raises(TrainingError, match=r"raise --budget to \d+s"):
            adapted(job_of(encoder, tmp_path / "w", deadline_s=1e-3), tmp_path / "out")

    def test_without_a_mask_is_refused(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        copy = tmp_path / "decoder"
        shutil.copytree(encoder.path, copy)
        file = copy / "tokenizer_config.json"
        settings = json.loads(file.read_text())
        file.write_text(json.dumps({**settings, "mask_token": None}))
        with pytest.raises(ConfigError, match="no mask token"):
            adapted(job_of(settings_of(copy), tmp_path / "w"), tmp_path / "out")


class TestAdaptationSteps:
    def test_encoder_rests_while_the_head_learns(self) -> None:
        steps = AdaptationSteps.of(103, AdaptationSettings())
        assert (steps.head, steps.every) == (25, 25)
        rates = [steps.encoder_rate(step, 0.1) for step in range(104)]
        assert rates[:26] == [0.0] * 26
        assert max(rates) == pytest.approx(1.0, abs=0.05)
        assert rates[-1] == 0
        assert steps.head_rate(25, 0.1) > 0.7
