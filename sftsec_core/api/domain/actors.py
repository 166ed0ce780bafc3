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
    SCORE_EVENTS = "events.score"
    SERVE = "model.serve"
    LABEL = "labels.add"
    LABEL_FOR_OTHERS = "labels.add.others"
    REQUEST_LABELS = "labels.request"
    SET_UP = "connector.setup"
    EXPORT_AUDIT = "audit.export"
    WATCH = "drift.check"
    CLEAN_UP = "state.cleanup"
    ENCRYPT = "state.encrypt"
    FORGET = "incidents.forget"
    MANAGE_STORE = "store.manage"
    SCHEDULE = "schedule.change"
    MANAGE_TOKENS = "tokens.manage"
    RELEASE_GPU = "gpu.release"
    MANAGE_RUNS = "runs.manage"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts.

    Attributes:
        name: as it stands in the audit log.
        roles: what the actor is: "operator" on all tasks, "operator@phishing" on one; a role stands
            for a set of permissions.
        origin: where the request came from: "cli", "server", "schedule", ...
    """

    name: str
    roles: frozenset[str]
    origin: str
