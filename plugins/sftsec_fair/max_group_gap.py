"""The voter that refuses a model which is worse for a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.api import Vote, risk_figures

if TYPE_CHECKING:
    from sftsec_core.api import EvalReport, GateSettings
    from sftsec_fair.config import GroupGapSettings

NAME = "max_group_gap"
_NAMED = 3
_WORSE = {"recall": "lower", "fpr": "higher", "precision": "lower", "accuracy": "lower"}


def max_group_gap(
    config: GroupGapSettings,
    candidate: EvalReport,
    _incumbent: EvalReport | None,
    _policy: GateSettings,
) -> Vote | None:
    """Require that no group is worse than the rest by more than a bound.

    A gap refuses the model only where its whole interval lies above the bound: the 95% intervals
    hold for all groups at once. Groups that are too small to be compared are counted in the reason.
    Without a bound, a gap that was found is a warning.
    """
    bounds, found = config.bounds(), risk_figures(candidate, "fairness")
    if not bounds:
        return None if found is None else _without_bounds(found)
    if found is None:
        return Vote(NAME, False, _not_measured(candidate))
    measured = {each["figure"] for each in found["gaps"]}
    lacking = sorted(bounds.keys() - measured)
    if lacking:
        reason = f"no group has enough test rows to compare its {lacking[0]}: label more of them"
        return Vote(NAME, False, f"{reason}, or take gate.voters.{NAME}.{lacking[0]} out")
    over = [each for each in found["gaps"] if each["low"] > bounds.get(each["figure"], 1.0)]
    if over:
        return Vote(NAME, False, "; ".join(_told(each, bounds) for each in over[:_NAMED]))
    held = ", ".join(f"{name} {bound:g}" for name, bound in bounds.items())
    return Vote(NAME, True, f"no group is surely worse by more than {held}{_unmeasured(found)}")


def _without_bounds(found: Mapping[str, Any]) -> Vote:
    gaps = [each for each in found["gaps"] if each["found"]]
    if not gaps:
        return Vote(NAME, True, f"no gap between groups was found{_unmeasured(found)}")
    reason = "; ".join(_told(each, {}) for each in gaps[:_NAMED])
    return Vote(NAME, True, f"{reason}; no bound is set (gate.voters.{NAME})", warning=True)


def _told(gap: Mapping[str, Any], bounds: Mapping[str, float]) -> str:
    bound = bounds.get(gap["figure"])
    if gap["figure"] not in _WORSE:
        return f"{gap['group']} is calibrated otherwise than the rest, by {gap['gap']:.3f}"
    said = (
        f"the {gap['figure']} of {gap['group']} is {gap['gap']:.3f} {_WORSE[gap['figure']]} than "
        f"that of the rest ({gap['low']:.3f} to {gap['high']:.3f})"
    )
    return said if bound is None else f"{said}; the bound is {bound:g}"


def _unmeasured(found: Mapping[str, Any]) -> str:
    groups: Sequence[str] = sorted({each["group"] for each in found["unmeasured"]})
    if not groups:
        return ""
    more = f" and {len(groups) - _NAMED} more" if len(groups) > _NAMED else ""
    return f"; too few rows for some figures of {', '.join(groups[:_NAMED])}{more}"


def _not_measured(candidate: EvalReport) -> str:
    section = candidate.sections.get("fairness", {})
    why = section.get("found", "add `fairness` to evaluation.audits")
    return f"gate.voters.{NAME} has bounds, but nothing was measured: {why}"
