"""The built-in voters. Each says why in words, with the figures; macro-F1 is in points of 100."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import EmptyConfig, VoterSpec
from sftsec_core.api.domain import Interval, Vote

if TYPE_CHECKING:
    from collections.abc import Callable

    from sftsec_core.api.domain import EvalReport, ModelScores
    from sftsec_core.api.settings.task import GateSettings

BASELINE = "linear"
LIVE = "live"
_NAMED = 5


def min_labels(candidate: EvalReport, _incumbent: EvalReport | None, policy: GateSettings) -> Vote:
    """Ask for `policy.min_labels` training examples of every class.

    Fewer refuse, or only warn when `policy.on_few_labels` says so; a report without counts
    refuses either way.
    """
    counts, floor = candidate.labels_train, policy.min_labels
    if not counts:
        return Vote("min_labels", False, "the report does not say how many labels each class has")
    few = sorted((n, label) for label, n in counts.items() if n < floor)
    if not few:
        n, label = min((n, label) for label, n in counts.items())
        reason = f"the rarest class, {label!r}, has {n:,} training labels; {floor:,} are asked for"
        return Vote("min_labels", True, reason)
    named = ", ".join(f"{label!r} {n:,}" for n, label in few[:_NAMED])
    more = f" and {len(few) - _NAMED} more" if len(few) > _NAMED else ""
    reason = (
        f"{len(few)} of {len(counts)} classes have fewer than {floor:,} training labels: "
        f"{named}{more}"
    )
    warn_only = policy.on_few_labels == "warn"
    return Vote("min_labels", warn_only, reason, warning=warn_only)


def not_worse_than_live(
    candidate: EvalReport, incumbent: EvalReport | None, policy: GateSettings
) -> Vote:
    """Refuse a candidate that is shown to be worse than the model in service.

    It is when the whole 95% interval of the paired difference in macro-F1 (candidate - live, on
    the same test examples) lies under -`policy.tolerance`. A model in service to which the
    candidate was not compared refuses too.
    """
    voter = "not_worse_than_live"
    found = candidate.differences.get(LIVE)
    if found is None:
        if incumbent is None:
            return Vote(voter, True, "there is no model in service to compare it with")
        return Vote(voter, False, "a model is in service, but was not judged on this test set")
    if found.value is None or found.high is None:
        return Vote(voter, False, "the difference to the model in service is not known")
    words = f"macro-F1 {_difference(found)} against the model in service{_on_which(candidate)}"
    allowed = f"tolerance {100 * policy.tolerance:.1f} points"
    if found.high < -policy.tolerance:
        return Vote(voter, False, f"{words}: worse, beyond the interval and the {allowed}")
    return Vote(voter, True, f"{words}: not shown to be worse ({allowed})")


def _on_which(candidate: EvalReport) -> str:
    """On which test rows the two were compared, where that is not all of them."""
    counts = candidate.data.get("seen_by", {}).get(LIVE)
    if counts is None:
        return ""
    return f" on {counts['compared']:,} test rows ({counts['seen']:,} are of its own training)"


def beats_linear(
    candidate: EvalReport, _incumbent: EvalReport | None, policy: GateSettings
) -> Vote:
    """Ask a model to earn its expense beside the linear baseline.

    Better means that the 95% interval of the paired difference in macro-F1 lies wholly above 0;
    worse, wholly under 0; else the two are equal, and the candidate passes only if scoring with
    it costs no more. The linear recipe itself passes.
    """
    voter = "beats_linear"
    ours, linear = candidate.candidate, candidate.others.get(BASELINE)
    if ours.recipe == BASELINE:
        return Vote(voter, True, "the candidate is the linear baseline itself")
    if not policy.beat_linear:
        return Vote(voter, True, "not asked for (gate.beat_linear is off)", warning=True)
    found = candidate.differences.get(BASELINE, Interval(None))
    if linear is None or found.low is None or found.high is None:
        return Vote(voter, False, "the report does not compare it to the linear baseline")
    words = f"macro-F1 {_difference(found)} against linear"
    if found.low > 0 or found.high < 0:
        better = found.low > 0
        return Vote(voter, better, f"{words}: {'better' if better else 'worse'}")
    return _cheaper(voter, words, ours, linear)


def _cheaper(voter: str, words: str, ours: ModelScores, linear: ModelScores) -> Vote:
    if ours.inference_cost is None or linear.inference_cost is None:
        return Vote(voter, False, f"{words}: equal, and the costs of scoring are not known")
    costs = f"cost of scoring {ours.inference_cost} against {linear.inference_cost}"
    if ours.inference_cost <= linear.inference_cost:
        return Vote(voter, True, f"{words}: equal and no dearer ({costs})")
    return Vote(voter, False, f"{words}: equal, but dearer ({costs}); linear would do")


def recall_floor(
    candidate: EvalReport, _incumbent: EvalReport | None, policy: GateSettings
) -> Vote:
    """Ask for the recall of the attack side, at the threshold, to reach `policy.min_recall`.

    Without a benign class every class is an attack, and the mean recall of the classes counts.
    An undefined recall refuses.
    """
    voter, floor = "recall_floor", policy.min_recall
    if floor is None:
        return Vote(voter, True, "no floor is set (gate.min_recall)")
    name = "macro_recall" if candidate.benign is None else "recall"
    kind = "mean recall of the classes" if candidate.benign is None else "recall of attacks"
    found = candidate.candidate.metrics.get(name)
    if found is None or found.value is None:
        return Vote(voter, False, f"the {kind} is undefined on this test set; the floor is {floor}")
    bounds = f" (95% interval {found.low:.3f} to {found.high:.3f})" if _bounded(found) else ""
    verb = "reaches" if found.value >= floor else "is under"
    reason = f"the {kind}, {found.value:.3f}{bounds}, {verb} the floor of {floor:.3f}"
    return Vote(voter, found.value >= floor, reason)


def no_leak(candidate: EvalReport, _incumbent: EvalReport | None, _policy: GateSettings) -> Vote:
    """Ask for a leak check that was made and that found nothing (`data["leaks"] == 0`)."""
    leaks = candidate.data.get("leaks")
    if isinstance(leaks, bool) or not isinstance(leaks, int):
        return Vote("no_leak", False, "the report does not say that the leak check was made")
    if leaks:
        return Vote("no_leak", False, f"{leaks:,} test or dev examples leak into training")
    return Vote("no_leak", True, "no text, near-duplicate or group is in two parts of the split")


def _bounded(found: Interval) -> bool:
    return found.low is not None and found.high is not None


def _difference(found: Interval) -> str:
    value, low, high = (100 * (x or 0.0) for x in (found.value, found.low, found.high))
    return f"{value:+.1f} points (95% interval {low:+.1f} to {high:+.1f})"


def _voter(
    summary: str, vote: Callable[[EvalReport, EvalReport | None, GateSettings], Vote]
) -> VoterSpec[Any]:
    def cast(
        _config: EmptyConfig,
        candidate: EvalReport,
        incumbent: EvalReport | None,
        policy: GateSettings,
    ) -> Vote:
        return vote(candidate, incumbent, policy)

    return VoterSpec(name=vote.__name__, summary=summary, vote=cast)


VOTERS: tuple[VoterSpec[Any], ...] = (
    _voter("Enough training labels of every class.", min_labels),
    _voter("Not shown to be worse than the live model.", not_worse_than_live),
    _voter("Better than linear, or equal at no higher cost of inference.", beats_linear),
    _voter("A floor for the recall of the attack side.", recall_floor),
    _voter("No text, near-duplicate or group in two parts of the split.", no_leak),
)
