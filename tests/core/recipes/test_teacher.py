"""What labels a pool: n-grams, and with few labels an encoder's vectors beside them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import ConfigError
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.api.settings.unlabelled import SelfTrainingSettings
from sftsec_core.recipes.blend import BlendModel
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.dev_check import fit_teacher
from sftsec_core.recipes.linear import LinearModel
from sftsec_core.recipes.teacher import FEW_LABELS, fit_labeller, reads_vectors
from sftsec_core.testing import make_examples, make_task

TASK, TRAIN = make_task(), make_examples(40)


def naming(encoder: EncoderSettings) -> TrainSettings:
    named = {"name": "hybrid", "encoder": encoder.model_dump(exclude_defaults=True)}
    return TrainSettings.model_validate({"recipe": named})


class TestReadsVectors:
    def test_with_few_judged_labels(self) -> None:
        config = SelfTrainingSettings()
        many = make_examples(FEW_LABELS)
        assert reads_vectors(config, many[1:])
        assert not reads_vectors(config, many)
        assert reads_vectors(config, [*many[1:], replace(many[0], judged=False)])

    def test_as_the_task_asks(self) -> None:
        many = make_examples(FEW_LABELS)
        assert reads_vectors(SelfTrainingSettings(teacher="both"), many)
        assert not reads_vectors(SelfTrainingSettings(teacher="linear"), TRAIN)

    def test_only_where_they_are_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sftsec_core.api.contracts.base.find_spec", lambda _name: None)
        assert not reads_vectors(SelfTrainingSettings(), TRAIN)


class TestFitLabeller:
    def test_is_linear_without_vectors(self) -> None:
        model = fit_labeller(TRAIN, TASK, TrainSettings(), vectors=False)
        assert isinstance(model, LinearModel)

    def test_is_the_mean_of_both(self, tiny: EncoderSettings) -> None:
        settings = naming(tiny)
        model = fit_labeller(TRAIN, TASK, settings, vectors=True)
        assert isinstance(model, BlendModel)
        batch = Batch.of_examples(TASK.inputs, TRAIN)
        hybrid = model.members["hybrid"].predict_proba(batch)
        linear = fit_teacher(TRAIN, TASK, settings).predict_proba(batch)
        np.testing.assert_allclose(model.predict_proba(batch), (linear + hybrid) / 2)

    def test_names_an_encoder_not_there(self, tiny: EncoderSettings) -> None:
        settings = naming(tiny.model_copy(update={"path": "nowhere"}))
        with pytest.raises(ConfigError, match="nowhere"):
            fit_labeller(TRAIN, TASK, settings, vectors=True)
