"""The plugin keeps the contracts of plugins and of explainers."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import sftsec_explain.hooks
from sftsec_core.api import ExplainerSpec
from sftsec_core.testing import ExplainerContract, PluginContract


class TestExplainPlugin(PluginContract):
    def plugin(self) -> ModuleType:
        return sftsec_explain.hooks


class TestWords(ExplainerContract):
    def spec(self) -> ExplainerSpec[Any]:
        return sftsec_explain.hooks.sftsec_register_explainers()[0]


class TestWordsOfFewRows(ExplainerContract):
    """With a budget far below the words of a text."""

    def spec(self) -> ExplainerSpec[Any]:
        return sftsec_explain.hooks.sftsec_register_explainers()[0]

    def config(self) -> Mapping[str, Any]:
        return {"rows": 4, "neighbours": 0, "flip": False}
