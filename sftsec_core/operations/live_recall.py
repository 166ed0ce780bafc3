"""How many attacks the live model finds, by verdicts on its alerts and on random draws."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from sftsec_core.drift.recall import Draw, estimate_recall
from sftsec_core.operations.live_precision import right_alerts
from sftsec_core.operations.live_verdicts import judged_since, said_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.operations.context import Context
    from sftsec_core.operations.live_verdicts import JudgedAlerts


@dataclass(frozen=True, slots=True)
class LiveRecall:
    """The share of attacks that raised an alert.

    Attributes:
        value: 0 to 1; None where it cannot be told.
        low: lower end of its interval, 95%; None as the value.
        high: upper end.
        missed: attacks that raised no alert, estimated; None as the value.
        drawn: incidents without an alert that were drawn at random and are old enough.
        judged: those of them on which a person gave a verdict that a label lists.
        attacks: those of the judged that are attacks.
        problem: why there is no value; "" where there is one.
        asked: whether the task draws at random, or has drawn.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    missed: float | None = None
    drawn: int = 0
    judged: int = 0
    attacks: int = 0
    problem: str = ""
    asked: bool = False

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def live_recall(context: Context, name: str, model: str, found: JudgedAlerts) -> LiveRecall:
    """Estimate the recall of a model over the time that its alerts are of.

    What a plugin suppressed, and what the platform rejected, is on neither side.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the task.
        model: digest of the model.
        found: its alerts with what persons say of them.
    """
    task = context.task(name)
    if task.benign is None:
        problem = "no label is benign, so that recall has no meaning"
        return LiveRecall(problem=problem, asked=bool(task.recall_sample))
    draws = _draws(context, name, model, found)
    judged = [each for each in draws if each.attack is not None]
    attacks = sum(each.attack is True for each in judged)
    right = right_alerts(found, task.benign)
    estimate = estimate_recall(len(found.alerts), len(found.labels), right, draws)
    asked = bool(draws or task.recall_sample)
    counted = LiveRecall(drawn=len(draws), judged=len(judged), attacks=attacks, asked=asked)
    if estimate is None:
        return replace(counted, problem=_problem(draws, judged, found, task.recall_sample))
    value, low, high = estimate.value, estimate.low, estimate.high
    return replace(counted, value=value, low=low, high=high, missed=estimate.missed)


def _draws(context: Context, name: str, model: str, found: JudgedAlerts) -> list[Draw]:
    task = context.task(name)
    since, until = judged_since(context)
    made = context.store.recall_draws.made(name, model, since=since, until=until)
    # One that was scored again with other content, and raised an alert then, was not missed.
    drawn = {(source, uid): p for source, uid, p in made if (source, uid) not in found.alerts}
    said = said_labels(context, task, drawn)
    return [
        Draw(p, None if place not in said else said[place] != task.benign)
        for place, p in drawn.items()
    ]


def _problem(
    draws: Sequence[Draw], judged: Sequence[Draw], found: JudgedAlerts, share: float
) -> str:
    if not draws:
        if not share:
            return "nothing is drawn at random among what raises no alert: set recall_sample"
        return "nothing that was drawn at random is old enough (drift.verdict_delay)"
    if not judged:
        return f"none of {len(draws):,} random draws has a verdict"
    if found.alerts and not found.labels:
        return f"none of {len(found.alerts):,} alerts has a verdict"
    return f"no attack among {len(found.labels):,} judged alerts and {len(judged):,} judged draws"
