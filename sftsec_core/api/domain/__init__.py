"""The values that flow through the pipeline: frozen dataclasses, standard library only."""

from sftsec_core.api.domain.actors import Actor, Permission
from sftsec_core.api.domain.audit import AuditEntry
from sftsec_core.api.domain.detections import (
    Action,
    Detection,
    PushReceipt,
    Suppression,
    detection_uid,
)
from sftsec_core.api.domain.events import (
    BatchPushed,
    Event,
    GateDecided,
    Message,
    ModelPromoted,
    RecipeFitted,
    RunFinished,
    RunStarted,
    StageFinished,
    StageProgressed,
    StageStarted,
    TrainingStep,
    VoteCast,
    event_from_json,
)
from sftsec_core.api.domain.examples import Example, Split
from sftsec_core.api.domain.incidents import (
    Incident,
    IncidentPage,
    LabelRequest,
    PullWindow,
    Rejection,
    Verdict,
)
from sftsec_core.api.domain.models import Decision, FittedPart, ModelRef, Vote
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
    "Action",
    "Actor",
    "AuditEntry",
    "BatchPushed",
    "ConfusionMatrix",
    "Curve",
    "Decision",
    "Detection",
    "EvalReport",
    "Event",
    "Example",
    "FittedPart",
    "GateDecided",
    "Incident",
    "IncidentPage",
    "Interval",
    "LabelRequest",
    "LeakCheck",
    "Message",
    "ModelPromoted",
    "ModelRef",
    "ModelScores",
    "Permission",
    "PullWindow",
    "PushReceipt",
    "RecipeFitted",
    "Rejection",
    "RunFinished",
    "RunInfo",
    "RunStarted",
    "Split",
    "StageFinished",
    "StageProgressed",
    "StageStarted",
    "Suppression",
    "TaskSpec",
    "Threshold",
    "TrainingStep",
    "Verdict",
    "Vote",
    "VoteCast",
    "WorstError",
    "detection_uid",
    "event_from_json",
]
