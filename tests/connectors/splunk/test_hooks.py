"""The plugin keeps the contract that every plugin keeps."""

from __future__ import annotations

from typing import Any

import sftsec_splunk.hooks
from sftsec_core.testing import PluginContract


class TestSplunkPlugin(PluginContract):
    def plugin(self) -> Any:
        return sftsec_splunk.hooks
