"""Contract tests and fakes for the authors of plugins; needs pytest, which sftsec itself does not.

Inherit a class, say how to make what it tests, and pytest collects the contract as your own::

    # tests/test_my_siem.py, whole
    from contextlib import contextmanager
    from types import ModuleType

    import my_siem.hooks
    from sftsec_core.testing import ConnectorContract, Platform, PluginContract, StoredDetection

    class TestMySiemPlugin(PluginContract):
        def plugin(self) -> ModuleType:
            return my_siem.hooks

    class MySiemPlatform(Platform):
        def __init__(self, folder):
            super().__init__(folder)
            self.server = start_my_siem(folder)

        def spec(self):
            return my_siem.hooks.sftsec_register_connectors()[0]

        def options(self):
            return {"url": self.server.url, "page_size": self.page_size, "retry_timeout": "0.5s"}

        def fill(self, incidents):
            self.server.index([my_document(each) for each in incidents])

        def pushed(self):
            return [StoredDetection(hit["id"], hit["about"], hit["label"], hit["probability"])
                    for hit in self.server.search("detections")]

        @contextmanager
        def unreachable(self):
            self.server.stop()
            try:
                yield
            finally:
                self.server.start()

    class TestMySiemConnector(ConnectorContract):
        platform = MySiemPlatform

`Platform` says what else a platform may offer: each optional method switches further tests on.
"""

# ruff: noqa: E402 - pytest must know of the modules before they are imported

from __future__ import annotations

import pytest

_MODULES = (
    *("audit", "connector", "decision", "elsewhere", "evaluation", "launcher", "plugin"),
    *("recipe", "serving", "step", "transform"),
)
# An author whose connector fails should see the values of a plain assert, as in their own tests.
pytest.register_assert_rewrite(*(f"{__name__}.{module}" for module in _MODULES))

from sftsec_core.testing.attack import AttackContract
from sftsec_core.testing.audit import AuditContract, make_audit_input
from sftsec_core.testing.connector import ConnectorContract, Platform, StoredDetection
from sftsec_core.testing.decision import (
    RendererContract,
    SplitterContract,
    SuppressorContract,
    VoterContract,
)
from sftsec_core.testing.evaluation import MetricContract
from sftsec_core.testing.explainer import ExplainerContract
from sftsec_core.testing.incidents import (
    make_detections,
    make_example,
    make_examples,
    make_incidents,
    make_label_requests,
    make_report,
    make_task,
)
from sftsec_core.testing.launcher import LauncherContract, make_order
from sftsec_core.testing.memory import MemoryConnector, MemorySource
from sftsec_core.testing.plugin import PluginContract
from sftsec_core.testing.recipe import RecipeContract
from sftsec_core.testing.serving import CalibratorContract, DeciderContract
from sftsec_core.testing.step import StepContract
from sftsec_core.testing.transform import TransformContract

__all__ = [
    "AttackContract",
    "AuditContract",
    "CalibratorContract",
    "ConnectorContract",
    "DeciderContract",
    "ExplainerContract",
    "LauncherContract",
    "MemoryConnector",
    "MemorySource",
    "MetricContract",
    "Platform",
    "PluginContract",
    "RecipeContract",
    "RendererContract",
    "SplitterContract",
    "StepContract",
    "StoredDetection",
    "SuppressorContract",
    "TransformContract",
    "VoterContract",
    "make_audit_input",
    "make_detections",
    "make_example",
    "make_examples",
    "make_incidents",
    "make_label_requests",
    "make_order",
    "make_report",
    "make_task",
]
