"""The plugin keeps the contract that every plugin keeps."""

from __future__ import annotations

from types import ModuleType

import sftsec_robust.hooks
from sftsec_core.api import AttackSpec
from sftsec_core.plugins import Plugins
from sftsec_core.testing import PluginContract


class TestRobustPlugin(PluginContract):
    def plugin(self) -> ModuleType:
        return sftsec_robust.hooks


class TestNames:
    def test_stand_beside_those_of_the_core(self) -> None:
        names = Plugins(["core", "robust"]).specs(AttackSpec)
        assert {"homoglyphs", "rewrite_percent"} <= set(names)
