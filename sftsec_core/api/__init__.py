"""All that the author of a connector or a plugin imports, in one place.

Beside it stand `sftsec_core.sdk`, what connectors share, and, in tests, `sftsec_core.testing`.
Everything else of the core is private.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.contracts import (
    BUILT_IN_SPLITS,
    CORE_METRICS,
    Calibrator,
    CalibratorSpec,
    CleansVerdictText,
    ConfigT,
    Connector,
    ConnectorContext,
    ConnectorSpec,
    Decider,
    DeciderSpec,
    EmptyConfig,
    GpuLease,
    GpuRequest,
    KeepsAudit,
    LauncherSpec,
    MetricSpec,
    NeedsSetup,
    RecipeSpec,
    ReferenceClient,
    RendererSpec,
    Requirement,
    Spec,
    SplitterSpec,
    Step,
    StepContext,
    StepSpec,
    SuppressorSpec,
    TakesVerdicts,
    TaskPreset,
    TrainedModel,
    TrainJob,
    VoterSpec,
)
from sftsec_core.api.domain import (
    Action,
    AuditEntry,
    ConfusionMatrix,
    Curve,
    Decision,
    Detection,
    EvalReport,
    Example,
    FittedPart,
    Incident,
    IncidentPage,
    Interval,
    LabelRequest,
    LeakCheck,
    ModelRef,
    ModelScores,
    PullWindow,
    PushReceipt,
    Rejection,
    RunInfo,
    Split,
    Suppression,
    TaskSpec,
    Threshold,
    Verdict,
    Vote,
    WorstError,
    detection_uid,
)
from sftsec_core.api.errors import (
    AmbiguousNameError,
    ConfigError,
    ConnectorError,
    ConnectorUnavailableError,
    DataError,
    GateRefusedError,
    IntegrityError,
    NoLiveModelError,
    NotFoundError,
    PluginError,
    SftsecError,
    StoreError,
    TrainingError,
    unknown,
)
from sftsec_core.api.hookspecs import (
    hookimpl,
)
from sftsec_core.api.settings.choice import (
    Choice,
)
from sftsec_core.api.settings.paths import (
    ConfigPath,
    resolve_path,
)
from sftsec_core.api.settings.secrets import (
    SecretRef,
)
from sftsec_core.api.settings.task import (
    GateSettings,
    SplitSettings,
    TaskSettings,
    TrainSettings,
)
from sftsec_core.api.settings.values import (
    Duration,
    Fraction,
    Strict,
)

if TYPE_CHECKING:
    from sftsec_core.api.predictions import Predictions

__all__ = [
    "BUILT_IN_SPLITS",
    "CORE_METRICS",
    "Action",
    "AmbiguousNameError",
    "AuditEntry",
    "Calibrator",
    "CalibratorSpec",
    "Choice",
    "CleansVerdictText",
    "ConfigError",
    "ConfigPath",
    "ConfigT",
    "ConfusionMatrix",
    "Connector",
    "ConnectorContext",
    "ConnectorError",
    "ConnectorSpec",
    "ConnectorUnavailableError",
    "Curve",
    "DataError",
    "Decider",
    "DeciderSpec",
    "Decision",
    "Detection",
    "Duration",
    "EmptyConfig",
    "EvalReport",
    "Example",
    "FittedPart",
    "Fraction",
    "GateRefusedError",
    "GateSettings",
    "GpuLease",
    "GpuRequest",
    "Incident",
    "IncidentPage",
    "IntegrityError",
    "Interval",
    "KeepsAudit",
    "LabelRequest",
    "LauncherSpec",
    "LeakCheck",
    "MetricSpec",
    "ModelRef",
    "ModelScores",
    "NeedsSetup",
    "NoLiveModelError",
    "NotFoundError",
    "PluginError",
    "Predictions",
    "PullWindow",
    "PushReceipt",
    "RecipeSpec",
    "ReferenceClient",
    "Rejection",
    "RendererSpec",
    "Requirement",
    "RunInfo",
    "SecretRef",
    "SftsecError",
    "Spec",
    "Split",
    "SplitSettings",
    "SplitterSpec",
    "Step",
    "StepContext",
    "StepSpec",
    "StoreError",
    "Strict",
    "Suppression",
    "SuppressorSpec",
    "TakesVerdicts",
    "TaskPreset",
    "TaskSettings",
    "TaskSpec",
    "Threshold",
    "TrainJob",
    "TrainSettings",
    "TrainedModel",
    "TrainingError",
    "Verdict",
    "Vote",
    "VoterSpec",
    "WorstError",
    "detection_uid",
    "hookimpl",
    "resolve_path",
    "unknown",
]


def __getattr__(name: str) -> object:
    """Import `Predictions` when it is asked for: numpy is not needed to register a plugin."""
    if name == "Predictions":
        from sftsec_core.api.predictions import Predictions

        return Predictions
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
