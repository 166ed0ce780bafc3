"""The built-in voters. Each gives its reason with the figures; macro-F1 is in points of 100."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import EmptyConfig, VoterSpec
from sftsec_core.api.domain import Interval, Vote
from sftsec_core.api.domain.objectives import EXPECTED_COST, gain, higher_is_better
from sftsec_core.registry.bounds import (
    alerts_ceiling,
    fpr_ceiling,
    precision_floor,
    recall_floor,
    with_bounds,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sftsec_core.api.domain import EvalReport, ModelScores
    from sftsec_core.api.settings.task import GateSettings

LIVE = "live"
_NAMED = 5
_FEWEST_ON_A_SIDE = 4
_CHANCE_NAMES = {"macro_recall": "balanced accuracy", "roc_auc": "ROC AUC"}
_UNCOMPARED = (
    "`sftsec model rollback` goes back to the one before it, `sftsec model promote --force REASON` "
    "puts this one in its place"
)
_LEAKS = {
    "uids": "incident",
    "texts": "text",
    "near_duplicates": "near-duplicate",
    "clusters": "cluster",
    "groups": "group",
}


def min_labels(candidate: EvalReport, _incumbent: EvalReport | None, policy: GateSettings) -> Vote:
    """Require `policy.min_labels` training examples of every class.

    Fewer reject the model, or only warn when `policy.on_few_labels` says so. A report without
    counts rejects it either way.
    """
    counts, floor = candidate.labels_train, policy.min_labels
    if not counts:
        return Vote("min_labels", False, "the report does not say how many labels each class has")
    few = sorted((n, label) for label, n in counts.items() if n < floor)
    if not few:
        n, label = min((n, label) for label, n in counts.items())
        reason = f"the rarest class, {label!r}, has {n:,} training labels; {floor:,} are required"
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
    """Reject a candidate that is shown to be worse than the live model.

    It is when the whole 95% interval of the paired gain in macro-F1, or in the metric that the
    task names (candidate - live, on the same test examples, with the sign turned for the cost),
    lies under -`policy.tolerance`. A live model to which the candidate was not compared rejects
    it too, also one whose files are missing or altered.
    """
    voter = "not_worse_than_live"
    if error := candidate.data.get("live_error"):
        return Vote(voter, False, f"the live model cannot be compared: {error}; {_UNCOMPARED}")
    metric, found = _compared(candidate, LIVE)
    if found is None:
        if incumbent is None:
            return Vote(voter, True, "there is no live model to compare it with")
        return Vote(voter, False, "the live model was not evaluated on this test set")
    if found.value is None or found.high is None:
        return Vote(voter, False, "the difference to the live model is not known")
    words = f"{metric} {_difference(metric, found)} against the live model{_on_which(candidate)}"
    allowed = f"tolerance {_amount(metric, policy.tolerance)}"
    if (gain(metric, found).high or 0.0) < -policy.tolerance:
        return Vote(voter, False, f"{words}: worse, beyond the interval and the {allowed}")
    return Vote(voter, True, f"{words}: not shown to be worse ({allowed})")


def _on_which(candidate: EvalReport) -> str:
    """On which test rows the two were compared, where that is not all of them."""
    counts = candidate.data.get("seen_by", {}).get(LIVE)
    if counts is None:
        return ""
    return f" on {counts['compared']:,} test rows ({counts['seen']:,} are in its training data)"


def beats_baseline(
    candidate: EvalReport, _incumbent: EvalReport | None, policy: GateSettings
) -> Vote:
    """Require a model to be worth its inference cost beside the task's baseline.

    The baseline is linear, or boosted in a task without text. Better means that the 95% interval
    of the paired gain in macro-F1, or in the task's metric, lies wholly above 0; worse,
    wholly under 0; else the two are equal, and the candidate passes only if its inference cost is
    no higher. The baseline itself passes.
    """
    voter = "beats_baseline"
    name = candidate.baseline
    ours, baseline = candidate.candidate, candidate.others.get(name)
    if ours.recipe == name:
        return Vote(voter, True, f"the candidate is the {name} baseline itself")
    if not policy.beat_baseline:
        return Vote(voter, True, "not required (gate.beat_baseline is off)", warning=True)
    metric, compared = _compared(candidate, name)
    found = compared or Interval(None)
    if baseline is None or found.low is None or found.high is None:
        return Vote(voter, False, f"the report does not compare it to the {name} baseline")
    words = f"{metric} {_difference(metric, found)} against {name}"
    if found.low > 0 or found.high < 0:
        better = (found.low > 0) == higher_is_better(metric)
        return Vote(voter, better, f"{words}: {'better' if better else 'worse'}")
    return _cheaper(voter, words, ours, baseline)


def _cheaper(voter: str, words: str, ours: ModelScores, baseline: ModelScores) -> Vote:
    if ours.inference_cost is None or baseline.inference_cost is None:
        return Vote(voter, False, f"{words}: equal, and the inference costs are not known")
    costs = f"inference cost {ours.inference_cost} against {baseline.inference_cost}"
    if ours.inference_cost <= baseline.inference_cost:
        return Vote(voter, True, f"{words}: equal and no more expensive ({costs})")
    return Vote(voter, False, f"{words}: equal, but more expensive ({costs})")


def better_than_chance(
    candidate: EvalReport, _incumbent: EvalReport | None, _policy: GateSettings
) -> Vote:
    """Reject a candidate that is not shown to be better than chance, the first one too.

    The lower bounds of two 95% intervals must lie above what a model reaches that does not read
    its input:

    - balanced accuracy (the mean recall of the classes), above 1 / k for the k classes that the
      test set has. Whatever the mix of classes, that is the value of "always the majority class"
      and of every other constant or random answer (Brodersen et al. 2010, "The balanced accuracy
      and its posterior distribution"). Accuracy does not serve: with 1% attacks a useful model
      may be less accurate than "always benign". Nor does the majority's macro-F1: a coin has more.
    - ROC AUC, above 0.5: the probability that an attack ranks above a benign incident (Hanley and
      McNeil 1982). The interval of the average precision does not serve where attacks are few:
      bootstrapped, it lies above the base rate for 6% to 48% of random rankings.

    Together they let at most 2% of random models pass, measured with 4 attacks or more; with
    fewer, 5% to 30%. So a test set with fewer than 4 rows on one side rejects the model.
    """
    voter = "better_than_chance"
    model = candidate.candidate
    supports = {label: int(row["support"] or 0) for label, row in model.per_class.items()}
    fewest = _smaller_side(supports, candidate.benign)
    if fewest < _FEWEST_ON_A_SIDE:
        reason = f"the smaller side of the test set has {fewest} rows: too few to tell from chance"
        return Vote(voter, False, f"{reason} ({_FEWEST_ON_A_SIDE} are required)")
    chances = {"macro_recall": 1 / sum(n > 0 for n in supports.values()), "roc_auc": 0.5}
    figures = {name: model.metrics.get(name, Interval(None)) for name in chances}
    reason = "; ".join(
        f"{_CHANCE_NAMES[name]} {with_bounds(found)}, by chance {chances[name]:.3f}"
        for name, found in figures.items()
    )
    better = all(
        found.low is not None and found.low > chances[name] for name, found in figures.items()
    )
    return Vote(voter, better, reason)


def no_leak(candidate: EvalReport, _incumbent: EvalReport | None, _policy: GateSettings) -> Vote:
    """Require a leak check that was made and that found nothing."""
    leaks = candidate.leaks
    if not leaks.checked:
        return Vote("no_leak", False, "the report does not say that the leak check was made")
    if leaks.clean:
        return Vote("no_leak", True, "no text, near-duplicate or group is in two parts")
    counts = ", ".join(f"{n:,} by {_LEAKS[kind]}" for kind, n in leaks.counts().items() if n)
    return Vote("no_leak", False, f"rows in two parts: {counts}; {'; '.join(leaks.examples)}")


def _smaller_side(supports: Mapping[str, int], benign: str | None) -> int:
    """Test rows of the smaller of attacks and benign, or of the largest class and the rest."""
    one = max(supports.values(), default=0) if benign is None else supports.get(benign, 0)
    return min(one, sum(supports.values()) - one)


def _compared(report: EvalReport, name: str) -> tuple[str, Interval | None]:
    """What two models are compared by, and the candidate's lead over one of them."""
    chosen = report.data.get("metric")
    if chosen is None:
        return "macro-F1", report.differences.get(name)
    found = chosen["differences"].get(name)
    return str(chosen["name"]), None if found is None else Interval(**found)


def _difference(metric: str, found: Interval) -> str:
    value, low, high = (x or 0.0 for x in (found.value, found.low, found.high))
    if metric == EXPECTED_COST:
        return f"{value:+.2f} minutes an incident (95% interval {low:+.2f} to {high:+.2f})"
    value, low, high = 100 * value, 100 * low, 100 * high
    return f"{value:+.1f} points (95% interval {low:+.1f} to {high:+.1f})"


def _amount(metric: str, value: float) -> str:
    """A bound on a difference, in the metric's unit."""
    if metric == EXPECTED_COST:
        return f"{value:.2f} minutes an incident"
    return f"{100 * value:.1f} points"


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
    _voter("Better than the baseline, or equal at no higher cost of inference.", beats_baseline),
    _voter("A floor for the recall of the attack side.", recall_floor),
    _voter("A ceiling for the false-positive rate.", fpr_ceiling),
    _voter("A floor for the precision of the alerts.", precision_floor),
    _voter("A ceiling for the alerts a day.", alerts_ceiling),
    _voter("Better than chance: balanced accuracy and ROC AUC.", better_than_chance),
    _voter("No text, near-duplicate or group in two parts of the split.", no_leak),
)
