"""The plugin keeps the contract that every plugin keeps."""

from __future__ import annotations

from types import ModuleType

import sftsec_vision.hooks
from sftsec_core.testing import PluginContract


class TestVisionPlugin(PluginContract):
    def plugin(self) -> ModuleType:
        return sftsec_vision.hooks
