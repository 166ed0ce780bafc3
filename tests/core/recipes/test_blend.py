"""A blend of models comes back from its folder, or is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api.contracts import TrainedModel, TrainJob
from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import IntegrityError
from sftsec_core.models.model_format import load_model, save_model
from sftsec_core.recipes.auto import train_auto
from sftsec_core.recipes.blend import BlendModel
from sftsec_core.recipes.config import AutoConfig, EncoderSettings, HybridConfig
from sftsec_core.recipes.pool import LogPool
from sftsec_core.recipes.specs import MEMBERS, RECIPES
from tests.core.recipes.jobs import job_of, two_classes
from tests.core.recipes.searches import judged_job

KNOWN = {recipe.name: recipe for recipe in RECIPES}


def _hybrid(job: TrainJob[Any]) -> dict[str, TrainedModel]:
    config = HybridConfig(encoder=job.config.encoder)
    return {"hybrid": MEMBERS["hybrid"].fit(replace(job, config=config))}


class TestBlendModel:
    def test_loaded_answers_as_when_saved(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        logged: list[Mapping[str, float]] = []
        job = replace(
            judged_job(tmp_path / "work", encoder=tiny, full={"epochs": 1}, seed=5),
            log=lambda _step, values: logged.append(values),
        )
        members = train_auto(job, MEMBERS).members
        both = {**members, **_hybrid(job)}
        pool = LogPool(tuple(1 / (2 + i) for i in range(len(both))), (0.0, 0.3))
        blend = BlendModel(job.task.labels, both, {"chosen": ["both"]}, pool=pool)
        save_model(blend, "auto", tmp_path / "model")
        loaded = load_model(tmp_path / "model", KNOWN)
        texts = ["curl evil host", "", "git commit"]
        np.testing.assert_array_equal(
            loaded.predict_proba(Batch.of_texts(texts)), blend.predict_proba(Batch.of_texts(texts))
        )
        assert loaded.pool == pool  # type: ignore[attr-defined]
        # They tell of a fit, with its seconds: the model's digest must not depend on them.
        assert loaded.notes == {}  # type: ignore[attr-defined]
        assert any("dev_macro_f1" in values for values in logged)

    def test_strange_member_is_refused(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        job = job_of(two_classes(), tmp_path / "work", config=AutoConfig(encoder=tiny))
        save_model(BlendModel(job.task.labels, _hybrid(job)), "auto", tmp_path / "model")
        settings = tmp_path / "model" / "auto.json"
        for members in (["../hybrid"], ["auto"], [], "hybrid"):
            value = {**json.loads(settings.read_text()), "members": members}
            settings.write_text(json.dumps(value))
            with pytest.raises(IntegrityError):
                load_model(tmp_path / "model", KNOWN)

    def test_damaged_pool_is_refused(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        job = job_of(two_classes(), tmp_path / "work", config=AutoConfig(encoder=tiny))
        save_model(BlendModel(job.task.labels, _hybrid(job)), "auto", tmp_path / "model")
        settings = tmp_path / "model" / "auto.json"
        whole = json.loads(settings.read_text())
        for pool in ({"weights": [1.0, 1.0], "bias": [0, 0]}, {"weights": [1.0]}, "x"):
            settings.write_text(json.dumps({**whole, "pool": pool}))
            with pytest.raises(IntegrityError, match="the pool is damaged"):
                load_model(tmp_path / "model", KNOWN)
