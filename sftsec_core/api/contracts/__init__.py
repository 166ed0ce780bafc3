"""What a plugin gives and what it is given: protocols and specs.

A connector is two files, whole::

    # my_siem/hooks.py
    from collections.abc import Sequence
    from sftsec_core.api.contracts import ConnectorSpec
    from sftsec_core.api.hookspecs import hookimpl
    from my_siem.connector import MySiemConfig, MySiemConnector

    @hookimpl
    def sftsec_register_connectors() -> Sequence[ConnectorSpec]:
        return [ConnectorSpec("my_siem", "Incidents of My SIEM", MySiemConfig, MySiemConnector)]

    # my_siem/connector.py
    class MySiemConfig(BaseModel):
        url: str

    class MySiemConnector:
        def __init__(self, config: MySiemConfig) -> None: ...
        def check(self) -> Sequence[str]: return []
        def pull(self, window, *, cursor=None): yield IncidentPage(...)
        def push(self, detections): return PushReceipt(...)
        def request_labels(self, incident_uids): return 0
        def close(self) -> None: ...

and an entry point `my_siem = "my_siem.hooks"` in the group `sftsec`. Its test class inherits
`sftsec_core.testing.ConnectorContract`, which says whether the contract is kept.
"""

from sftsec_core.api.contracts.base import EmptyConfig, TaskPreset
from sftsec_core.api.contracts.connector import (
    AsksForLabels,
    Connector,
    ConnectorSpec,
    KeepsAudit,
    NeedsSetup,
    ReferenceClient,
    TakesVerdicts,
)
from sftsec_core.api.contracts.evaluation import AttackSpec, ExplainerSpec, MetricSpec
from sftsec_core.api.contracts.job import GpuLease, GpuRequest, LauncherSpec
from sftsec_core.api.contracts.recipe import RecipeSpec, TrainedModel, TrainJob
from sftsec_core.api.contracts.step import Step, StepContext, StepSpec

__all__ = [
    "AsksForLabels",
    "AttackSpec",
    "Connector",
    "ConnectorSpec",
    "EmptyConfig",
    "ExplainerSpec",
    "GpuLease",
    "GpuRequest",
    "KeepsAudit",
    "LauncherSpec",
    "MetricSpec",
    "NeedsSetup",
    "RecipeSpec",
    "ReferenceClient",
    "Step",
    "StepContext",
    "StepSpec",
    "TakesVerdicts",
    "TaskPreset",
    "TrainJob",
    "TrainedModel",
]
