"""A model's quality: figures, curves, the worst errors, the leak check."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.api.domain.explanations import Explanation
    from sftsec_core.api.domain.models import FittedPart


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95% bootstrap interval; all three are None where it is undefined."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Threshold:
    """The probability from which an incident is a detection, and how it was chosen.

    Attributes:
        value: chosen on dev; applied to the attack probability, 1 - p(benign).
        method: "max_f1", "fpr", "alerts_per_day", "fixed", "argmax" (a task without a benign
            class) or "default" (dev had nothing to choose on: 0.5).
        target: the false-positive rate or the alerts a day that was asked for.
    """

    value: float
    method: str
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a curve for plots, thinned: `x[i], y[i]` at threshold `at[i]`.

    In a calibration curve x is the mean confidence of a bin, y the fraction of its examples that
    are correct, and `at` the number of its examples.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    at: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """`counts[i][j]`: examples of `labels[i]` that were predicted `labels[j]`."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class WorstError:
    """A confident mistake on the test set.

    Attributes:
        uid: the incident's.
        text: what the model read, redacted and cut to 200 characters.
        label: by verdict.
        predicted: by the model.
        probability: of `predicted`.
        explanation: why, where the task names an explainer; `predicted` against `label`. Spans
            are of `text`.
    """

    uid: str
    text: str
    label: str
    predicted: str
    probability: float
    explanation: Explanation | None = None


@dataclass(frozen=True, slots=True)
class ModelScores:
    """One model on one test set.

    Attributes:
        name: "candidate", "live", or the recipe's name.
        recipe: the recipe that made it.
        metrics: metric name to figure. Over all classes: accuracy, macro_f1, micro_f1,
            macro_precision, macro_recall. Of the attack side against benign: f1, precision,
            recall, fpr, tpr_at_fpr_0.001, tpr_at_fpr_0.01, None in a task without a benign
            class; and roc_auc, average_precision, mcc, ece, which in such a task are macro
            one-versus-rest means, the multi-class coefficient, and the calibration of the most
            probable class. Then those of plugins.
        per_class: label to {"precision", "recall", "f1", "support"}; None where undefined.
        threshold: of the decider, chosen on dev.
        calibrator: fitted on dev.
        decider: fitted on dev.
        confusion: at the threshold.
        curves: "pr", "roc", "calibration", "calibration_raw".
        fit_seconds: how long it took to train.
        score_per_second: test examples a second.
        actions: test examples that the decider dismisses, sends to review and alerts on.
        inference_cost: the recipe's relative cost of scoring one example.
        cut: test examples whose text is longer than what the model reads; None in a report of an
            earlier version.
        cut_characters: text input to the characters of it in test that the model does not read.
    """

    name: str
    recipe: str
    metrics: Mapping[str, Interval]
    per_class: Mapping[str, Mapping[str, float | None]]
    threshold: Threshold
    calibrator: FittedPart
    decider: FittedPart
    confusion: ConfusionMatrix
    curves: Mapping[str, Curve] = field(default_factory=dict)
    fit_seconds: float | None = None
    score_per_second: float | None = None
    inference_cost: int | None = None
    actions: Mapping[str, int] = field(default_factory=dict)
    cut: int | None = None
    cut_characters: Mapping[str, int] = field(default_factory=dict)

    @property
    def temperature(self) -> float | None:
        """Of temperature scaling, where that is the calibrator; 1 changes nothing."""
        value = self.calibrator.state.get("temperature")
        return float(value) if isinstance(value, (int, float)) else None


@dataclass(frozen=True, slots=True)
class LeakCheck:
    """What the leak check found: rows of one part of a split that are in another part too.

    Attributes:
        checked: whether a check was made; if not, the counts say nothing.
        uids: rows whose incident is in two parts.
        texts: rows with exactly the same inputs as a row of another part.
        near_duplicates: rows with nearly the same text as a row of another part.
        clusters: rows whose cluster, as the deduplication formed it, is in two parts.
        groups: rows whose case, host or report is in two parts.
        examples: one row of each kind that was found, with its parts.
    """

    checked: bool = False
    uids: int = 0
    texts: int = 0
    near_duplicates: int = 0
    clusters: int = 0
    groups: int = 0
    examples: tuple[str, ...] = ()

    def counts(self) -> dict[str, int]:
        """Rows by kind of leak."""
        kinds = ("uids", "texts", "near_duplicates", "clusters", "groups")
        return {kind: getattr(self, kind) for kind in kinds}

    @property
    def clean(self) -> bool:
        """Whether a check was made and found nothing."""
        return self.checked and not any(self.counts().values())


@dataclass(frozen=True, slots=True)
class EvalReport:
    """A candidate beside the baseline and the live model, on one test set.

    Attributes:
        task: the task's name.
        candidate: the model that may be promoted.
        others: the models beside it: the baseline always, "live" when there is one, and the other
            models of the run.
        differences: other model's name to the interval of (candidate - other) in macro-F1,
            by paired bootstrap over the same test examples.
        threshold_table: rows of {"threshold", "precision", "recall", "f1", "fpr", "alerts"}
            and, where the test set has a span of time, "alerts_per_day"; None where undefined.
        worst_errors: most confident mistakes first.
        data: counts: rows a part and label, duplicates removed, conflicts, quarantined, span
            of time, snapshot digest; "incidents_per_day", the labelled incidents a day in the
            time span of test, where it has one; "unmeasured", a figure's name to the reason why
            the test set is too small for it; "metric", where the task names one, with its "name"
            and its "differences" as those above.
        labels_train: training examples a label.
        benign: the label that raises no detection; None when every label is one.
        leaks: what the leak check of the split found.
        sections: an audit's name to its section, JSON values; voters can read them.
        baseline: the recipe that is the baseline of the task: linear, or boosted without text.
    """

    task: str
    candidate: ModelScores
    others: Mapping[str, ModelScores]
    differences: Mapping[str, Interval]
    threshold_table: tuple[Mapping[str, float | None], ...]
    worst_errors: tuple[WorstError, ...]
    data: Mapping[str, Any]
    labels_train: Mapping[str, int]
    benign: str | None = None
    leaks: LeakCheck = field(default_factory=LeakCheck)
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    baseline: str = "linear"
