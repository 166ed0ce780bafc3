"""Canaries: the audit that judges a model on them, and the voter that refuses one that misses.

A canary is an incident that no verdict reaches, in the file of `gate.canaries`. Whatever analysts
have been made to say, a model that calls a known attack benign is not promoted.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sftsec_core.api import EmptyConfig, RiskSection, RiskTable, Vote, risk_figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.api import AuditInput, EvalReport, GateSettings
    from sftsec_poison.config import CanaryVoterSettings

NAME = "canaries"
_SHOWN = 20


def judge_canaries(_settings: EmptyConfig, given: AuditInput) -> Mapping[str, Any]:
    """Count the canaries that the candidate decides rightly.

    A canary is right when the decision names its label. In a task with a benign class an attack
    that is sent to review is not missed, and counts as right.

    Returns:
        A risk's section; nothing where the task has no canaries.
    """
    canaries = given.canaries
    if canaries is None:
        return {}
    labels = given.task.labels
    right = canaries.labels == canaries.y
    if canaries.reviewed is not None and canaries.benign is not None:
        right |= canaries.reviewed & canaries.attacks
    wrong = [place for place in range(len(canaries)) if not right[place]]
    of = Counter(labels[y] for y in canaries.y)
    missed = Counter(labels[canaries.y[place]] for place in wrong)
    found = f"{len(canaries) - len(wrong):,} of {len(canaries):,} are judged rightly"
    return RiskSection(
        risk="Known incidents (canaries)",
        outcome="failed" if wrong else "held",
        tried="The model judged incidents of known labels, which no verdict can change "
        "(`gate.canaries`) and no model learns from.",
        found=f"{found}." if not wrong else f"{found}; not number {_numbers(wrong)}.",
        advice=""
        if not wrong
        else "Look for verdicts that teach the model otherwise: "
        "`sftsec labels review`, and the analysts in this report. If a canary's label is wrong, "
        "correct the file and its sha256.",
        figures={"count": len(canaries), "wrong": [place + 1 for place in wrong]},
        tables=(
            RiskTable(
                title="Canaries by label",
                columns=("label", "canaries", "judged wrongly"),
                rows=tuple((label, of[label], missed[label]) for label in labels if of[label]),
                public=True,
            ),
        ),
        voter=NAME,
    ).to_json()


def vote_on_canaries(
    settings: CanaryVoterSettings,
    candidate: EvalReport,
    incumbent: EvalReport | None,
    policy: GateSettings,
) -> Vote | None:
    """Refuse a model that judges too many canaries wrongly; abstain where a task has none.

    With a `min_right` below 1, one that the live model judges rightly may not fall either, as long
    as they are the same canaries.
    """
    figures = risk_figures(candidate, NAME)
    if figures is None:
        if policy.canaries is None:
            return None
        return Vote(NAME, False, "the canaries were not judged: retrain with the plugin poison")
    count, wrong = figures["count"], figures["wrong"]
    before = risk_figures(incumbent, NAME) if incumbent is not None else None
    told = f"{count - len(wrong):,} of {count:,} canaries are judged rightly"
    if 1 - len(wrong) / count < settings.min_right:
        numbers = _numbers([each - 1 for each in wrong])
        return Vote(
            NAME, False, f"{told}, and {settings.min_right:.0%} must be: not number {numbers}"
        )
    if incumbent is not None and before is not None and _same(candidate, incumbent):
        fallen = sorted(set(wrong) - set(before["wrong"]))
        if fallen:
            numbers = _numbers([each - 1 for each in fallen])
            return Vote(NAME, False, f"the live model judges the canaries number {numbers} rightly")
    return Vote(NAME, True, told)


def _same(one: EvalReport, other: EvalReport) -> bool:
    digests = [report.data.get(NAME, {}).get("sha256") for report in (one, other)]
    return digests[0] is not None and digests[0] == digests[1]


def _numbers(places: list[int]) -> str:
    more = f" and {len(places) - _SHOWN:,} more" if len(places) > _SHOWN else ""
    return ", ".join(str(place + 1) for place in places[:_SHOWN]) + more
