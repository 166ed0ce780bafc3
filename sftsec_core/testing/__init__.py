"""Contract tests and fakes for the authors of plugins; needs pytest, which sftsec itself does not.

Inherit a class, say how to make what it tests, and pytest collects the contract as your own::

    # tests/test_my_siem.py, whole
    from pathlib import Path
    from types import ModuleType

    import my_siem.hooks
    from my_siem.connector import MySiemConfig, MySiemConnector
    from sftsec_core.testing import ConnectorContract, PluginContract

    class TestMySiemPlugin(PluginContract):
        def plugin(self) -> ModuleType:
            return my_siem.hooks

    class TestMySiemConnector(ConnectorContract):
        def fill(self, folder, incidents):
            bulk_index(index_named_after(folder), incidents)

        def connect(self, folder):
            name = index_named_after(folder)
            return MySiemConnector(MySiemConfig(index=name, page_size=self.page_size))

        def pushed(self, folder):
            return [hit["_id"] for hit in search_all(index_named_after(folder) + "-detections")]

A test that does not apply is switched off by its name, with the reason beside it::

        test_a_window_bounds_the_time = None  # our source keeps no times
"""

# ruff: noqa: E402 - pytest must know of the modules before they are imported

from __future__ import annotations

import pytest

# An author whose connector fails should see the values of a plain assert, as in their own tests.
pytest.register_assert_rewrite(
    *(f"{__name__}.{module}" for module in ("connector", "plugin", "recipe", "step"))
)

from sftsec_core.testing.connector import ConnectorContract
from sftsec_core.testing.incidents import (
    make_detections,
    make_examples,
    make_incidents,
    make_label_requests,
    make_task,
)
from sftsec_core.testing.memory import MemoryConnector, MemorySource
from sftsec_core.testing.plugin import PluginContract
from sftsec_core.testing.recipe import RecipeContract
from sftsec_core.testing.step import StepContract

__all__ = [
    "ConnectorContract",
    "MemoryConnector",
    "MemorySource",
    "PluginContract",
    "RecipeContract",
    "StepContract",
    "make_detections",
    "make_examples",
    "make_incidents",
    "make_label_requests",
    "make_task",
]
