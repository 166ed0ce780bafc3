"""The built-in steps and recipes keep the contract that a stranger's must keep.

The fine-tuned recipes are tested in `tests/core/recipes` on an encoder of their size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from sftsec_core.api.contracts import RecipeSpec, StepSpec
from sftsec_core.api.domain import Incident
from sftsec_core.plugins import Plugins
from sftsec_core.testing import RecipeContract, StepContract, make_incidents
from tests.needs import need

TEXTS = (
    "Write to anna@shop.example or call +49 30 1234567",
    "visa 4111 1111 1111 1111,  IBAN DE89 3704 0044 0532 0130 00",
    "\uff46\uff55\uff4c\uff4c \u200b\u202e and\x00control",
    r"C:\Users\anna\x.exe and /home/bert/.ssh/id_rsa",
    "password=hunter2 AKIAIOSFODNN7EXAMPLE",
    "powershell -enc dwBoAG8AYQBtAGkA",
    "nothing to do here",
)


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return Plugins(("core", "files", "pii"))


@pytest.mark.parametrize("name", ["normalise", "redact", "decode"])
class TestBuiltInStep(StepContract):
    """normalise and decode of the core, redact of sftsec_pii."""

    @pytest.fixture(autouse=True)
    def _of(self, name: str, plugins: Plugins) -> None:
        self.step = plugins.specs(StepSpec)[name]

    def spec(self) -> StepSpec[Any]:
        return self.step

    def incidents(self) -> Sequence[Incident]:
        made = make_incidents(len(TEXTS))
        return [replace(i, fields={"message": t}) for i, t in zip(made, TEXTS, strict=True)]

    def test_doing_it_again_changes_nothing(self) -> None:
        once = list(self._step()(self.incidents()))
        assert list(self._step()(once)) == once
        assert once != list(self.incidents())


@pytest.mark.parametrize("name", ["linear", "probe", "hybrid"])
class TestBuiltInRecipe(RecipeContract):
    """Those that fit in seconds."""

    @pytest.fixture(autouse=True)
    def _of(self, name: str, plugins: Plugins) -> None:
        self.recipe = plugins.specs(RecipeSpec)[name]
        # The encoder runs in bfloat16 where the CPU has it: padding moves the third decimal.
        self.tolerance = 1e-4 if name == "linear" else 5e-3
        missing = self.recipe.missing()
        need(not missing, missing or "")

    def spec(self) -> RecipeSpec[Any]:
        return self.recipe
