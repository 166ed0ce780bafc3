"""The voter `max_robust_drop`: no model goes live that disguised attacks get past too often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api import Vote, risk_figures
from sftsec_robust.settings import MaxRobustDropSettings

if TYPE_CHECKING:
    from sftsec_core.api import EvalReport, GateSettings

VOTER = "max_robust_drop"
_AUDIT = "disguise"


def max_robust_drop(
    config: MaxRobustDropSettings,
    candidate: EvalReport,
    _live: EvalReport | None,
    _gate: GateSettings,
) -> Vote | None:
    """Reject a model of which disguise takes more of the recall than `drop`.

    Without that bound, a loss above the audit's `max_drop` is a warning. It abstains where the
    audit did not run and no bound is set; a bound without the audit rejects.
    """
    figures = risk_figures(candidate, _AUDIT)
    if figures is None:
        if config.drop is None:
            return None
        return Vote(
            VOTER,
            False,
            f"gate.voters.{VOTER}.drop is set, and the audit {_AUDIT!r} measured nothing: "
            f"add it to evaluation.audits",
        )
    bound = figures["max_drop"] if config.drop is None else config.drop
    lost = round(1 - figures["retained"], 9)
    words = (
        f"{figures['rows']:,} detected attacks, disguised with {figures['queries']} questions "
        f"each: {lost:.1%} are missed ({bound:.1%} allowed)"
    )
    if config.drop is None and lost > bound:
        reason = f"{words}; no bound is set (gate.voters.{VOTER}.drop)"
        return Vote(VOTER, True, reason, warning=True)
    return Vote(VOTER, lost <= bound, words)
