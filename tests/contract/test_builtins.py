"""The built-in plugins keep the contract that a stranger's must keep."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from sftsec_core.testing import PluginContract

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
POINTS: dict[str, str] = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"][
    "entry-points"
]["sftsec"]


@pytest.mark.parametrize("point", POINTS)
class TestBuiltIn(PluginContract):
    """Each of the project's own entry points."""

    @pytest.fixture(autouse=True)
    def _of(self, point: str) -> None:
        self.module = import_module(POINTS[point])

    def plugin(self) -> ModuleType:
        return self.module
