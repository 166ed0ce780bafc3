"""What a plugin gives and what it is given: protocols and specs.

A connector is two files, whole::

    # my_siem/hooks.py
    from collections.abc import Sequence
    from typing import Any
    from sftsec_core.api import ConnectorSpec, hookimpl
    from my_siem.connector import MySiemConfig, MySiemConnector

    @hookimpl
    def sftsec_register_connectors() -> Sequence[ConnectorSpec[Any]]:
        return [
            ConnectorSpec(
                name="my_siem",
                summary="Incidents of My SIEM",
                config_model=MySiemConfig,
                create=MySiemConnector,
            )
        ]

    # my_siem/connector.py
    class MySiemConfig(BaseModel):
        url: str

    class MySiemConnector:
        def __init__(self, config: MySiemConfig, context: ConnectorContext) -> None: ...
        def check(self) -> Sequence[str]: return []
        def pull(self, window, *, cursor=None): yield IncidentPage(...)
        def push(self, detections): return PushReceipt(...)
        def request_labels(self, requests): return 0
        def close(self) -> None: ...

and an entry point `my_siem = "my_siem.hooks"` in the group `sftsec`. Its test class inherits
`sftsec_core.testing.ConnectorContract`, which says whether the contract is kept.
"""

from sftsec_core.api.contracts.base import ConfigT, EmptyConfig, Requirement, Spec, TaskPreset
from sftsec_core.api.contracts.connector import (
    Connector,
    ConnectorContext,
    ConnectorSpec,
    KeepsAudit,
    NeedsSetup,
    ReferenceClient,
    TakesVerdicts,
)
from sftsec_core.api.contracts.decision import (
    BUILT_IN_SPLITS,
    RendererSpec,
    SplitterSpec,
    SuppressorSpec,
    VoterSpec,
)
from sftsec_core.api.contracts.evaluation import CORE_METRICS, MetricSpec
from sftsec_core.api.contracts.job import GpuLease, GpuRequest, LauncherSpec
from sftsec_core.api.contracts.recipe import RecipeSpec, TrainedModel, TrainJob
from sftsec_core.api.contracts.step import CleansVerdictText, Step, StepContext, StepSpec

__all__ = [
    "BUILT_IN_SPLITS",
    "CORE_METRICS",
    "CleansVerdictText",
    "ConfigT",
    "Connector",
    "ConnectorContext",
    "ConnectorSpec",
    "EmptyConfig",
    "GpuLease",
    "GpuRequest",
    "KeepsAudit",
    "LauncherSpec",
    "MetricSpec",
    "NeedsSetup",
    "RecipeSpec",
    "ReferenceClient",
    "RendererSpec",
    "Requirement",
    "Spec",
    "SplitterSpec",
    "Step",
    "StepContext",
    "StepSpec",
    "SuppressorSpec",
    "TakesVerdicts",
    "TaskPreset",
    "TrainJob",
    "TrainedModel",
    "VoterSpec",
]
