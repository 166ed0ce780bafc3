"""The values that flow through the pipeline: frozen dataclasses, standard library only."""

from sftsec_core.api.domain.audit import AuditEntry
from sftsec_core.api.domain.detections import Detection, PushReceipt, Suppression, detection_uid
from sftsec_core.api.domain.examples import Example, Split
from sftsec_core.api.domain.incidents import (
    Incident,
    IncidentPage,
    LabelRequest,
    PullWindow,
    Rejection,
    Verdict,
)
from sftsec_core.api.domain.models import Decision, ModelRef, Vote
from sftsec_core.api.domain.reports import (
    ConfusionMatrix,
    Curve,
    EvalReport,
    Interval,
    LeakCheck,
    ModelScores,
    Threshold,
    WorstError,
)
from sftsec_core.api.domain.runs import RunInfo
from sftsec_core.api.domain.tasks import TaskSpec

__all__ = [
    "AuditEntry",
    "ConfusionMatrix",
    "Curve",
    "Decision",
    "Detection",
    "EvalReport",
    "Example",
    "Incident",
    "IncidentPage",
    "Interval",
    "LabelRequest",
    "LeakCheck",
    "ModelRef",
    "ModelScores",
    "PullWindow",
    "PushReceipt",
    "Rejection",
    "RunInfo",
    "Split",
    "Suppression",
    "TaskSpec",
    "Threshold",
    "Verdict",
    "Vote",
    "WorstError",
    "detection_uid",
]
