"""What the audit tells people who are no data scientists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_fair.comparison import Comparison, Gap
    from sftsec_fair.config import FairnessSettings

RISK = "Groups that are served worse"
ADVICE = (
    "Look at that group's labels first: few of them, or wrong ones, are the commonest cause. Then "
    "`train.transforms: [{name: reweigh, field: ...}]` weighs its rare kinds of rows up, and "
    "`decider: {name: group_threshold, ...}` gives it a threshold of its own, where that is "
    "allowed. `gate.voters.max_group_gap` keeps such a model from going live."
)
FIGURES = {
    "recall": "found attacks",
    "fpr": "false alarms",
    "precision": "right alerts",
    "accuracy": "right answers",
    "calibration": "probabilities",
}
_WORSE = {
    "recall": ("attacks", "are missed"),
    "fpr": ("benign incidents", "raise an alert"),
    "precision": ("alerts", "are false"),
    "accuracy": ("incidents", "are answered wrongly"),
}
_SERIOUS = 0.1  # a gap that is surely larger than that is a failure, and no warning


def verdict(found: Comparison) -> tuple[Literal["held", "warning", "failed"], str]:
    """The outcome, and how it went in words."""
    gaps = [each for each in found.gaps if each.found]
    small = len({name for name, _, _ in found.unmeasured})
    note = f" {_have(small)} too few rows for some of the figures." if small else ""
    if not gaps:
        said = "No group is worse than the rest by more than chance explains."
        return "held", said + note
    worst = gaps[0]
    more = len({each.group for each in gaps} - {worst.group})
    others = f" {_have(more)} a gap too: see the table." if more else ""
    outcome: Literal["warning", "failed"] = "failed" if worst.low > _SERIOUS else "warning"
    return outcome, gap_words(worst) + others + note


def gap_words(gap: Gap) -> str:
    """One gap as a sentence."""
    bounds = f"(95% interval {_points(gap.low)} to {_points(gap.high)})"
    size = f"{_points(gap.gap)} in 100"
    if gap.figure not in _WORSE:
        return f"The probabilities of {gap.group} are off by {size} beside the rest's {bounds}."
    kind, what = _WORSE[gap.figure]
    return f"Of the {kind} of {gap.group}, {size} more {what} than of the rest's {bounds}."


def tried_words(
    fields: Sequence[str], groups: int, found: Comparison, config: FairnessSettings
) -> str:
    """What was done."""
    figures = [FIGURES[name] for name in FIGURES if any(e.figure == name for e in found.gaps)]
    return (
        f"The {groups} groups of {', '.join(fields)} in the test part were each compared with the "
        f"rest by {', '.join(figures)}: {len(found.gaps)} comparisons. A difference is called a "
        f"gap where it is at least {_points(config.least_gap)} in 100 and chance alone "
        f"would show one in fewer than {config.significance:.0%} of such reports; copies of an "
        "incident count once."
    )


def nothing_to_compare(*, named: bool, fewest: int) -> str:
    """Why nothing was measured."""
    if not named:
        return (
            "No field is named by which incidents are grouped: write `evaluation: {groups: "
            "[organization.name]}`, or another field of theirs."
        )
    return (
        "No field of evaluation.groups divides the test part into two groups with "
        f"{fewest} rows of one kind each."
    )


def _have(groups: int) -> str:
    return "1 group has" if groups == 1 else f"{groups} groups have"


def _points(share: float) -> str:
    return f"{100 * share:.1f}"
