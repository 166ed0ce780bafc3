"""Voters that hold a candidate to the bounds of `gate:`: recall, precision, FPR, alerts a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.domain import Action, Interval, Vote

if TYPE_CHECKING:
    from sftsec_core.api.domain import EvalReport
    from sftsec_core.api.settings.task import GateSettings


def recall_floor(
    candidate: EvalReport, _incumbent: EvalReport | None, policy: GateSettings
) -> Vote:
    """Require the recall of the attack side, at the threshold, to reach `policy.min_recall`.

    Without a benign class every class is an attack, and the mean recall of the classes counts.
    An undefined recall rejects the model.
    """
    voter, floor = "recall_floor", policy.min_recall
    if floor is None:
        return Vote(voter, True, "no floor is set (gate.min_recall)")
    name = "macro_recall" if candidate.benign is None else "recall"
    kind = "mean recall of the classes" if candidate.benign is None else "recall of attacks"
    return _at_least(voter, kind, candidate.candidate.metrics.get(name, Interval(None)), floor)


def precision_floor(
    candidate: EvalReport, _incumbent: EvalReport | None, policy: GateSettings
) -> Vote:
    """Require the precision of the alerts, at the threshold, to reach `policy.min_precision`.

    It is undefined, and rejects the model, where nothing in test raises an alert and in a task
    without a benign class.
    """
    voter, floor = "precision_floor", policy.min_precision
    if floor is None:
        return Vote(voter, True, "no floor is set (gate.min_precision)")
    found = candidate.candidate.metrics.get("precision", Interval(None))
    return _at_least(voter, "precision of the alerts", found, floor)


def fpr_ceiling(candidate: EvalReport, _incumbent: EvalReport | None, policy: GateSettings) -> Vote:
    """Require the false-positive rate, at the threshold, to stay within `policy.max_fpr`.

    A test set with fewer than 1 / max_fpr benign incidents cannot show it, so it rejects the
    model: one false positive would be too many, and none is no evidence. So does a task without
    a benign class.
    """
    voter, ceiling = "fpr_ceiling", policy.max_fpr
    if ceiling is None:
        return Vote(voter, True, "no ceiling is set (gate.max_fpr)")
    found = candidate.candidate.metrics.get("fpr", Interval(None))
    if found.value is None or candidate.benign is None:
        reason = f"the false-positive rate is undefined on this test set; the ceiling is {ceiling}"
        return Vote(voter, False, reason)
    from sftsec_core.evaluation.ranking import negatives_for  # here: it imports numpy

    rows = int(candidate.candidate.per_class[candidate.benign]["support"] or 0)
    if ceiling > 0 and rows < negatives_for(ceiling):
        needed = f"gate.max_fpr {ceiling:g} takes {negatives_for(ceiling):,} to be measured"
        return Vote(voter, False, f"test has {rows:,} benign incidents; {needed}")
    verb = "is within" if found.value <= ceiling else "is over"
    reason = f"the false-positive rate, {with_bounds(found)}, {verb} the ceiling of {ceiling:g}"
    return Vote(voter, found.value <= ceiling, reason)


def alerts_ceiling(
    candidate: EvalReport, _incumbent: EvalReport | None, policy: GateSettings
) -> Vote:
    """Require the alerts a day to stay within `policy.max_alerts_per_day`.

    They are the fraction of test incidents that raise an alert, times the labelled incidents a
    day in the time span of test. Incidents that no analyst labelled and copies are not counted:
    the real stream may be larger. Without times nothing can be said, and the model is rejected.
    """
    voter, ceiling = "alerts_ceiling", policy.max_alerts_per_day
    if ceiling is None:
        return Vote(voter, True, "no ceiling is set (gate.max_alerts_per_day)")
    actions, per_day = candidate.candidate.actions, candidate.data.get("incidents_per_day")
    rows, alerts = sum(actions.values()), actions.get(Action.ALERT.value, 0)
    if not per_day or not rows:
        reason = "test has no span of time, so alerts a day are unknown"
        return Vote(voter, False, f"{reason}; the ceiling is {ceiling:g}")
    expected = alerts / rows * per_day
    verb = "within" if expected <= ceiling else "over"
    reason = (
        f"{alerts:,} of {rows:,} test incidents raise an alert; at {per_day:,.1f} labelled "
        f"incidents a day in its time span that is {expected:,.1f} alerts a day, {verb} the "
        f"ceiling of {ceiling:g}"
    )
    return Vote(voter, expected <= ceiling, reason)


def _at_least(voter: str, kind: str, found: Interval, floor: float) -> Vote:
    if found.value is None:
        return Vote(voter, False, f"the {kind} is undefined on this test set; the floor is {floor}")
    verb = "reaches" if found.value >= floor else "is under"
    reason = f"the {kind}, {with_bounds(found)}, {verb} the floor of {floor:.3f}"
    return Vote(voter, found.value >= floor, reason)


def with_bounds(found: Interval) -> str:
    """A figure with its interval, for a vote's reason."""
    if found.value is None:
        return "undefined"
    if found.low is None or found.high is None:
        return f"{found.value:.3f}"
    return f"{found.value:.3f} (95% interval {found.low:.3f} to {found.high:.3f})"
