"""What happens while sftsec works: one stream of typed events.

    {"event": "stage_started", "at": "...", "run": "2026...", "task": "phishing", "stage": "pull"}

The command line's display, `--events` and plugins' `sftsec_event` read the same stream. An event
is data: its fields are JSON values, and `event_from_json` reads what `to_json` wrote, so that a
training process can send its events to the process that started it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The base of all events. The sender leaves these fields out: the context fills them in.

    Attributes:
        at: when (UTC).
        run: the run's id; None outside of a run.
        task: the task's name; None where there is none.
    """

    at: datetime | None = None
    run: str | None = None
    task: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The event as JSON values, its name first."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        at = values.pop("at")
        plain = {
            name: dict(value) if isinstance(value, Mapping) else value
            for name, value in values.items()
        }
        return {"event": event_name(type(self)), "at": at and at.isoformat(), **plain}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """A run begins.

    Attributes:
        kind: "retrain", "score" or "dataset".
        resumed: it goes on where an interrupted run stopped.
    """

    kind: str
    resumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(Event):
    """A run ended; also sent when it failed.

    Attributes:
        status: "succeeded", "refused" (by the promotion gate), "failed" or "interrupted".
        error: the line that says why it failed.
        report: path of the report; None where there is none.
    """

    kind: str
    status: str
    error: str | None = None
    report: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStarted(Event):
    """A stage begins: "pull", "dataset", "train", "evaluate", "gate", "score", "push"."""

    stage: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageProgressed(Event):
    """A stage has done so much.

    Attributes:
        total: None while it is not known.
        unit: what is counted.
    """

    stage: str
    done: int
    total: int | None = None
    unit: str = "incidents"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFinished(Event):
    """A stage ended without an error.

    Attributes:
        seconds: how long it took.
        counts: what it counted, by name.
    """

    stage: str
    seconds: float
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Event):
    """Something worth a line for a person.

    Attributes:
        level: "info" or "warning".
    """

    text: str
    level: str = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingStep(Event):
    """Figures of a training step, as the recipe logs them: loss, learning rate, dev figures."""

    recipe: str
    step: int
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingAlive(Event):
    """Nothing new of what trains; from a launcher to its run, which passes it on to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeFitted(Event):
    """A recipe has made a model.

    Attributes:
        seconds: how long fitting took.
        notes: what the model says of how it was fitted.
        reused: it was fitted before the run was interrupted.
    """

    recipe: str
    seconds: float
    notes: Mapping[str, Any] = field(default_factory=dict)
    reused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftFound(Event):
    """A window of scored events differs from what the live model was made of.

    Attributes:
        model: digest of the live model.
        monitors: what has drifted (an input, "(text)", "(score)" or "(label)"), to the effect as a
            multiple of the least that counts.
        events: of the window.
        retraining: which schedule starts a retraining, and when; None where none does.
    """

    model: str
    monitors: Mapping[str, float]
    events: int
    retraining: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveQualityFell(Event):
    """The live model's precision or recall, by verdicts, fell below what its report had.

    Attributes:
        model: digest of the live model.
        figure: "live_precision" or "live_recall".
        value: by verdicts, 0 to 1.
        low: lower end of its interval, 95%.
        high: upper end.
        expected: the lower end of the same figure's interval in the report.
        retraining: which schedule starts a retraining, and when; None where none does.
    """

    model: str
    figure: str
    value: float
    low: float
    high: float
    expected: float
    retraining: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteCast(Event):
    """A voter of the promotion gate has answered."""

    recipe: str
    voter: str
    approve: bool
    reason: str
    warning: bool = False
    abstained: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GateDecided(Event):
    """The promotion gate has approved or rejected a candidate."""

    recipe: str
    approved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPromoted(Event):
    """The live model of a task is another one now; sent after the alias moved.

    Attributes:
        digest: the model that is live now.
        previous: digest of the one before; None at first.
        by: who did it.
        reason: "gate", or what the actor gave as the reason of a forced promotion or a rollback.
    """

    digest: str
    recipe: str
    previous: str | None
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPushed(Event):
    """A connector's receipt of a batch of detections was recorded in the outbox."""

    connector: str
    written: int
    duplicates: int
    rejected: int


KINDS: tuple[type[Event], ...] = (
    RunStarted,
    RunFinished,
    StageStarted,
    StageProgressed,
    StageFinished,
    Message,
    TrainingStep,
    TrainingAlive,
    RecipeFitted,
    VoteCast,
    GateDecided,
    ModelPromoted,
    BatchPushed,
    DriftFound,
    LiveQualityFell,
)


def event_name(kind: type[Event]) -> str:
    """The name of a kind in JSON: `StageStarted` is "stage_started"."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def event_from_json(values: Mapping[str, Any]) -> Event:
    """Read what `to_json` wrote.

    Raises:
        ValueError: when it is no event, or of a kind that is not known here.
    """
    given = dict(values)
    kinds = {event_name(kind): kind for kind in KINDS}
    name = given.pop("event", None)
    if name not in kinds:
        raise ValueError(f"{name!r} is no event")
    at = given.pop("at", None)
    try:
        return kinds[name](at=at and datetime.fromisoformat(at), **given)
    except TypeError as error:
        raise ValueError(f"not an event {name!r}: {error}") from error
