"""The private recipe: its contract, its noise, its account."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api import ConfigError, DataError, IntegrityError, RecipeSpec
from sftsec_core.sdk.privacy_accounting import epsilon_of
from sftsec_core.testing import RecipeContract, make_examples
from sftsec_privacy.config import PrivateLinearConfig
from sftsec_privacy.hooks import sftsec_register_recipes
from sftsec_privacy.private_linear import (
    delta_of,
    load_private_linear,
    privacy_of,
    train_private_linear,
)
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
    def test_spends_what_it_notes(self) -> None:
        examples, config = make_examples(200), PrivateLinearConfig(epsilon=2, steps=10)
        spend = privacy_of(config, examples)
        notes = train_private_linear(job_for(SPEC, examples, epsilon=2.0, steps=10)).notes
        assert spend.to_json().items() <= notes["differential_privacy"].items()
        assert 1.9 < epsilon_of([spend], delta_of(200)) <= 2.0

    def test_refuses_an_epsilon_out_of_reach(self) -> None:
        config = PrivateLinearConfig(epsilon=0.001, steps=5000, sample_rate=1)
        with pytest.raises(ConfigError, match="lower `steps` or `sample_rate`"):
            privacy_of(config, make_examples(40))

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
