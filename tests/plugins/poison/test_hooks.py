"""The plugin keeps the contract that every plugin keeps."""

from __future__ import annotations

from types import ModuleType

import sftsec_poison.hooks
from sftsec_core.testing import PluginContract


class TestPoisonPlugin(PluginContract):
    def plugin(self) -> ModuleType:
        return sftsec_poison.hooks
