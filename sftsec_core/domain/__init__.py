"""The values that flow through the pipeline: frozen dataclasses, standard library only."""

from sftsec_core.domain.audit import AuditEntry
from sftsec_core.domain.detections import Detection, PushReceipt, Suppression, detection_uid
from sftsec_core.domain.examples import Example, Split
from sftsec_core.domain.incidents import (
    Incident,
    IncidentPage,
    LabelRequest,
    PullWindow,
    Rejection,
    Verdict,
)
from sftsec_core.domain.models import Decision, ModelRef, Vote
from sftsec_core.domain.reports import (
    ConfusionMatrix,
    Curve,
    EvalReport,
    Interval,
    ModelScores,
    Threshold,
    WorstError,
)
from sftsec_core.domain.runs import RunInfo
from sftsec_core.domain.tasks import TaskSpec

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
