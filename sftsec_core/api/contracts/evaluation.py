"""What an evaluation is made of besides the built-in figures: metrics and audits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from sftsec_core.api.contracts.base import ConfigT, Spec
from sftsec_core.api.settings.evaluation import EvaluationSettings

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from sftsec_core.api.contracts.attack import AttackSpec
    from sftsec_core.api.contracts.recipe import TrainedModel
    from sftsec_core.api.domain import Example, Interval, Split, TaskSpec
    from sftsec_core.api.predictions import Predictions

# The figures of `ModelScores.metrics` that the core computes; a plugin may not take their names.
CORE_METRICS = frozenset(
    {
        *("accuracy", "macro_f1", "micro_f1", "macro_precision", "macro_recall"),
        *("f1", "precision", "recall", "fpr", "tpr_at_fpr_0.001", "tpr_at_fpr_0.01"),
        *("roc_auc", "average_precision", "mcc", "ece", "expected_cost"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec(Spec[ConfigT]):
    """A figure of quality, in every report with its interval.

    Attributes:
        compute: (own settings, predictions) to the figure, or None where it is undefined. It is
            called on the test set and on 1,000 resamples of it; what it needs is in `Predictions`:
            classes, calibrated probabilities, threshold, groups and times.
    """

    hook: ClassVar[str] = "sftsec_register_metrics"
    kind: ClassVar[str] = "metric"
    reserved: ClassVar[frozenset[str]] = CORE_METRICS

    higher_is_better: bool
    compute: Callable[[ConfigT, Predictions], float | None]

    def with_settings(
        self, options: Mapping[str, Any], base: Path | None = None
    ) -> MetricSpec[Any]:
        """The same metric with these settings in place of its defaults; `base` as `configure`'s.

        Raises:
            ConfigError: when they are wrong.
        """
        config = self.configure(options, base=base)
        compute = self.compute
        return MetricSpec(
            name=self.name,
            summary=self.summary,
            higher_is_better=self.higher_is_better,
            compute=lambda _config, predictions: compute(config, predictions),
        )


@dataclass(frozen=True, slots=True)
class ComparedModel:
    """A model beside the candidate, on the same test part.

    Attributes:
        recipe: the recipe that made it.
        predictions: on `split.test`, calibrated and decided.
        rows: which test rows the two are compared on, shape (n,): those that it was not trained
            on, as long as they are enough.
        differences: metric name to the candidate's figure minus this model's on those rows, by
            paired bootstrap.
    """

    recipe: str
    predictions: Predictions
    rows: NDArray[np.bool_]
    differences: Mapping[str, Interval] = field(default_factory=dict)


class Refit(Protocol):
    """Fits recipes on other data than the candidate was."""

    def __call__(self, recipes: Sequence[str], split: Split) -> Mapping[str, Predictions]:
        """Fit recipes with the task's settings, and let each answer for a test part.

        Args:
            recipes: names.
            split: its train is fitted on, with the task's transforms; stopping, calibration and
                the decision are chosen on its dev, as for the candidate.

        Returns:
            Each recipe's predictions on the split's test, calibrated and decided.

        Raises:
            TrainingError: when a recipe cannot be fitted.
        """
        ...


class Rescore(Protocol):
    """Lets the candidate answer for examples that an audit changed, as it would in service."""

    def __call__(self, examples: Sequence[Example]) -> Predictions:
        """Score n examples.

        Args:
            examples: with texts as they would come from the platform: the task's steps run on each
                before the model reads it.

        Returns:
            n rows, calibrated and decided with what the candidate would serve with.
        """
        ...


def _no_progress(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class AuditInput:
    """What an audit looks at.

    Attributes:
        task: gives the order of the classes.
        split: what the candidate was trained, chosen and evaluated on.
        model: the candidate.
        predictions: the candidate's on `split.test`, calibrated and decided.
        others: the models beside it by name: "live", and recipes; never the candidate itself.
        settings: the task's `evaluation:`.
        incidents_per_day: the labelled incidents a day in the time span of test; None where
            test has no span of time.
        recipe: the candidate's recipe; "" where that is not known.
        fit_seconds: how long it took to train; None when that is not known.
        rescore: scores changed examples with the candidate as it would serve; None where that is
            not known.
        attacks: what the enabled plugins register, by name, each with its default settings.
        refit: fits recipes again, for what takes more than one training; None where nothing can
            be fitted.
        progress: told how many steps of how many are done, where an audit takes long.
        canaries: the candidate's on the incidents of `gate.canaries`, in the file's order,
            calibrated and decided; None where the task has none.
    """

    task: TaskSpec
    split: Split
    model: TrainedModel
    predictions: Predictions
    others: Mapping[str, ComparedModel] = field(default_factory=dict)
    settings: EvaluationSettings = field(default_factory=EvaluationSettings)
    incidents_per_day: float | None = None
    recipe: str = ""
    fit_seconds: float | None = None
    refit: Refit | None = None
    rescore: Rescore | None = None
    attacks: Mapping[str, AttackSpec[Any]] = field(default_factory=dict)
    progress: Callable[[int, int], None] = _no_progress
    canaries: Predictions | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSpec(Spec[ConfigT]):
    """A further look at a candidate: `evaluation.audits.NAME` of a task.

    Attributes:
        run: (own settings, input) to a section of the report, JSON values by name. It stands in
            `EvalReport.sections` under the audit's name, where voters read it. An exception
            ends the run: an audit that a task asks for is never skipped.
        always: whether it runs for each task, also for one that does not name it; for what is
            computed in a moment.
        unit: what `AuditInput.progress` counts, for people.
    """

    hook: ClassVar[str] = "sftsec_register_audits"
    kind: ClassVar[str] = "audit"

    run: Callable[[ConfigT, AuditInput], Mapping[str, Any]]
    always: bool = False
    unit: str = "trainings"
