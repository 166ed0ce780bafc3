"""Who acts, and what an act is called."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """What an actor may be allowed to do; each use case asks for one."""

    READ = "read"
    PULL = "incidents.pull"
    BUILD_DATASET = "dataset.build"
    RETRAIN = "model.retrain"
    PROMOTE = "model.promote"
    FORCE_PROMOTION = "model.promote.force"
    ROLL_BACK = "model.rollback"
    SIGN = "model.sign"
    SCORE = "incidents.score"
    SERVE = "model.serve"
    LABEL = "labels.add"
    REQUEST_LABELS = "labels.request"
    SET_UP = "connector.setup"
    EXPORT_AUDIT = "audit.export"
    CLEAN_UP = "state.cleanup"
    ENCRYPT = "state.encrypt"
    SCHEDULE = "schedule.change"
    RELEASE_GPU = "gpu.release"
    MANAGE_RUNS = "runs.manage"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts.

    Attributes:
        name: as it stands in the audit log.
        roles: what the actor is ("admin"); a role stands for a set of permissions.
        origin: where the request came from: "cli", "server", "schedule", ...
    """

    name: str
    roles: frozenset[str]
    origin: str
