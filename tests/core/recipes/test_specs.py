"""The built-in recipes as the plugin manager knows them."""

from __future__ import annotations

import subprocess
import sys

from sftsec_core.recipes.specs import MEMBERS, RECIPES


class TestRecipes:
    def test_are_offered_by_their_names(self) -> None:
        names = [recipe.name for recipe in RECIPES]
        assert names == [
            *("linear", "probe", "hybrid", "contrastive", "full", "lora", "boosted"),
            "auto",
        ]
        assert "auto" not in MEMBERS

    def test_import_without_torch(self) -> None:
        code = (
            "import sys, sftsec_core.recipes.specs, sftsec_core.recipes.auto;"
            "assert not {'torch', 'transformers', 'sklearn'} & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], check=True)
