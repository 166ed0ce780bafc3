"""The private recipe: its contract, its noise, its account."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from opacus.accountants import RDPAccountant

from sftsec_core.api import DataError, IntegrityError, RecipeSpec
from sftsec_core.testing import RecipeContract, make_examples
from sftsec_privacy.config import PrivateLinearConfig
from sftsec_privacy.hooks import sftsec_register_recipes
from sftsec_privacy.private_linear import load_private_linear, noise_for, train_private_linear
from tests.plugins.privacy.inputs import job_for

(SPEC,) = sftsec_register_recipes()


class TestPrivateLinear(RecipeContract):
    train_size = 3000
    exact = False  # the noise is the operating system's

    def spec(self) -> RecipeSpec[Any]:
        return SPEC

    def settings(self) -> dict[str, Any]:
        return {"epsilon": 100.0, "features": 1024, "learning_rate": 2.0}

    def test_the_same_job_makes_the_same_model(self, tmp_path: Path) -> None:
        """It must not: with noise that is known nothing is protected."""
        job = job_for(SPEC, make_examples(60), steps=10)
        first, second = (train_private_linear(job) for _ in range(2))
        assert not np.array_equal(first.weights, second.weights)


class TestPrivacyAccount:
    def test_noise_keeps_the_epsilon(self) -> None:
        config = PrivateLinearConfig(epsilon=4, steps=50)
        accountant = RDPAccountant()
        for _ in range(config.steps):
            accountant.step(noise_multiplier=noise_for(config, 1e-5), sample_rate=0.25)
        assert 3.9 < accountant.get_epsilon(1e-5) <= 4.0

    def test_notes_say_what_was_spent(self, tmp_path: Path) -> None:
        model = train_private_linear(job_for(SPEC, make_examples(200), epsilon=2.0, steps=10))
        spent = model.notes["differential_privacy"]
        assert (spent["epsilon"], spent["rows"], spent["steps"]) == (2.0, 200, 10)
        assert spent["delta"] == pytest.approx(200**-1.1)
        model.save(tmp_path)
        assert load_private_linear(tmp_path).notes == model.notes

    def test_trains_on_one_row_a_cluster(self) -> None:
        alike = [replace(each, cluster=n // 5) for n, each in enumerate(make_examples(80))]
        model = train_private_linear(job_for(SPEC, alike, steps=10))
        assert model.notes["differential_privacy"]["rows"] == 16

    def test_refuses_one_label_and_damage(self, tmp_path: Path) -> None:
        same = [replace(each, label="benign") for each in make_examples(20)]
        with pytest.raises(DataError, match="two labels"):
            train_private_linear(job_for(SPEC, same))
        (tmp_path / "private_linear.json").write_text("{}")
        with pytest.raises(IntegrityError, match="holds no private_linear model"):
            load_private_linear(tmp_path)
