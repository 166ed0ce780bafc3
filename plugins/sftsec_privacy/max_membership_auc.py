"""The voter that refuses a model of a recipe that gives away who was in its training data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api import Vote, risk_figures

if TYPE_CHECKING:
    from sftsec_core.api import EvalReport, GateSettings
    from sftsec_privacy.config import MembershipSettings

NAME = "max_membership_auc"


def max_membership_auc(
    config: MembershipSettings,
    candidate: EvalReport,
    _incumbent: EvalReport | None,
    _policy: GateSettings,
) -> Vote | None:
    """Require that the attack of the audit "privacy" stays below a bound; without one, abstain."""
    if config.max_auc is None:
        return None
    found = risk_figures(candidate, "privacy")
    if found is None:
        section = candidate.sections.get("privacy", {})
        why = section.get("found", "evaluation.audits: [privacy] turns the audit on")
        return Vote(NAME, False, f"a bound is set and membership was not measured: {why}")
    told = f"{found['membership_auc']:.3f} (95% interval {found['low']:.3f} to {found['high']:.3f})"
    if found["membership_auc"] > config.max_auc:
        return Vote(NAME, False, f"membership is told with AUC {told}, above {config.max_auc:g}")
    return Vote(NAME, True, f"membership is told with AUC {told}, at most {config.max_auc:g}")
