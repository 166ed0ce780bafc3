"""A candidate beside the linear baseline and the live model, on one test set."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.contracts import AuditInput, ComparedModel
from sftsec_core.api.domain import (
    Batch,
    EvalReport,
    Interval,
    LeakCheck,
    ModelScores,
    Objective,
    WorstError,
)
from sftsec_core.api.errors import DataError, PluginError
from sftsec_core.api.predictions import ACTIONS, Decisions, Predictions
from sftsec_core.api.settings.evaluation import EvaluationSettings
from sftsec_core.evaluation import tables
from sftsec_core.evaluation.bootstrap import Resamples, SampledFigure, bootstrap_metric
from sftsec_core.evaluation.calibration import calibration_curve
from sftsec_core.evaluation.comparison import (
    Comparable,
    comparable,
    differences,
    differences_on,
    sample_models,
)
from sftsec_core.evaluation.figures import with_intervals
from sftsec_core.evaluation.labelled import LabelledPart, decide, incidents_per_day
from sftsec_core.evaluation.methods import ServingMethods, ServingParts
from sftsec_core.evaluation.metrics import unmeasured
from sftsec_core.evaluation.rescoring import Rescorer
from sftsec_core.evaluation.unread import count_unread

if TYPE_CHECKING:
    from sftsec_core.api.contracts import MetricSpec
    from sftsec_core.api.domain import Example, Split, TaskSpec
    from sftsec_core.evaluation.inference import FittedModel

AuditRun = Callable[[AuditInput], Mapping[str, Any]]
ExplainErrors = Callable[[AuditInput, Sequence[WorstError]], tuple[WorstError, ...]]


@dataclass(frozen=True, slots=True)
class _EvaluationSetup:
    """What is the same for every model of a report."""

    task: TaskSpec
    split: Split
    dev: LabelledPart
    test: LabelledPart
    methods: ServingMethods
    dev_per_day: float | None
    metrics: Mapping[str, MetricSpec[Any]]
    resamples: Resamples


@dataclass(frozen=True, slots=True)
class _PredictedModel:
    """What a model answered for the test rows, before its figures are computed.

    Attributes:
        seconds: that it took.
        raw: not calibrated.
        test: calibrated and decided.
    """

    fitted: FittedModel
    seconds: float
    parts: ServingParts
    raw: Predictions
    test: Predictions
    decisions: Decisions


@dataclass(frozen=True, slots=True)
class _EvaluatedModel:
    scores: ModelScores
    parts: ServingParts
    test: Predictions
    sampled: Mapping[str, SampledFigure]


def evaluate(  # noqa: PLR0913 - by keyword, and each is a choice of its own
    candidate: FittedModel,
    others: Mapping[str, FittedModel],
    split: Split,
    task: TaskSpec,
    *,
    methods: ServingMethods | None = None,
    metrics: Mapping[str, MetricSpec[Any]] | None = None,
    audits: Mapping[str, AuditRun] | None = None,
    settings: EvaluationSettings | None = None,
    data: Mapping[str, Any] | None = None,
    leaks: LeakCheck | None = None,
    canaries: Sequence[Example] = (),
    explain: ExplainErrors | None = None,
) -> EvalReport:
    """Evaluate models on the test part; each calibrator and decider is fitted on dev.

    Args:
        candidate: the model that may be promoted.
        others: the baseline always, "live" when there is one, and the other models of the run.
        split: dev may be empty, test may not.
        task: gives the order of the classes.
        methods: how it calibrates and decides; default: temperature and a threshold of max F1.
        metrics: plugins' metrics by name.
        audits: the task's audits by name, each with its settings bound.
        settings: the task's `evaluation:`, which audits read; default: the defaults.
        data: what the report says of the data; taken over as plain JSON values.
        leaks: what the leak check of the split found; None when none was made.
        canaries: incidents that no verdict reaches; audits see what the candidate says of them.
        explain: says why of the worst errors.

    Raises:
        DataError: when test is empty, a label is not the task's, or dev has no span of time
            for a budget of alerts a day.
        TrainingError: when a model's output is not probabilities.
        PluginError: when an audit fails.
    """
    if not split.test:
        raise DataError(f"task {task.name!r}: the test part is empty, so nothing can be reported")
    setup = _setup(split, task, methods or ServingMethods(), metrics or {})
    evaluated = _evaluate_models({"candidate": candidate, **others}, setup)
    ours, theirs = evaluated["candidate"], {name: evaluated[name] for name in others}
    seen = {name: _comparable(fitted, setup) for name, fitted in others.items()}
    compared = {
        name: _compared(ours, model, seen[name], task.objective) for name, model in theirs.items()
    }
    report = _report(ours, theirs, compared, setup)
    given = AuditInput(
        task,
        split,
        candidate.model,
        ours.test,
        others={name: each for name, each in compared.items() if others[name] is not candidate},
        settings=settings or EvaluationSettings(),
        incidents_per_day=report.data.get("incidents_per_day"),
        recipe=candidate.recipe,
        fit_seconds=candidate.fit_seconds,
        canaries=_answered(candidate, ours.parts, canaries, task) if canaries else None,
        rescore=Rescorer(candidate.model, ours.parts, task, candidate.recipe),
    )
    sections = {name: _audit(name, run, given) for name, run in (audits or {}).items()}
    report = add_sections(report, sections)
    errors = report.worst_errors
    return replace(
        report,
        worst_errors=explain(given, errors) if explain else errors,
        data={**report.data, **_seen_counts(seen), **_plain_mapping(data or {})},
        leaks=leaks or LeakCheck(),
    )


def _setup(
    split: Split, task: TaskSpec, methods: ServingMethods, metrics: Mapping[str, MetricSpec[Any]]
) -> _EvaluationSetup:
    test = LabelledPart.of(split.test, task)
    return _EvaluationSetup(
        task=task,
        split=split,
        dev=LabelledPart.of(split.dev, task),
        test=test,
        methods=methods,
        dev_per_day=incidents_per_day(split.dev, split),
        metrics=metrics,
        resamples=Resamples(test.y),
    )


def _answered(
    fitted: FittedModel, parts: ServingParts, examples: Sequence[Example], task: TaskSpec
) -> Predictions:
    raw, _ = fitted.probabilities(examples, task, fitted.recipe)
    return decide(LabelledPart.of(examples, task).predictions(raw), parts)[0]


def _audit(name: str, run: AuditRun, given: AuditInput) -> Mapping[str, Any]:
    try:
        section = run(given)
    except Exception as error:
        raise PluginError(f"audit {name!r} failed: {type(error).__name__}: {error}") from error
    if not isinstance(section, Mapping):
        raise PluginError(f"audit {name!r} returns a {type(section).__name__}, not a mapping")
    return section


def add_sections(report: EvalReport, sections: Mapping[str, Mapping[str, Any]]) -> EvalReport:
    """Add what audits found, by the audit's name, as plain JSON values.

    Raises:
        PluginError: when a section holds what JSON cannot.
    """
    plain = {name: _plain_section(name, section) for name, section in sections.items()}
    return replace(report, sections={**report.sections, **plain})


def _plain_section(name: str, section: Mapping[str, Any]) -> dict[str, Any]:
    plain = _plain_mapping(section)
    try:
        json.dumps(plain, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise PluginError(f"audit {name!r} gives what JSON cannot hold: {error}") from error
    return plain


def _report(
    ours: _EvaluatedModel,
    theirs: Mapping[str, _EvaluatedModel],
    compared: Mapping[str, ComparedModel],
    setup: _EvaluationSetup,
) -> EvalReport:
    split, task = setup.split, setup.task
    per_day = incidents_per_day(split.test, split)
    counted = Counter(example.label for example in split.train)
    return EvalReport(
        task=task.name,
        candidate=ours.scores,
        others={name: model.scores for name, model in theirs.items()},
        differences={name: each.differences["macro_f1"] for name, each in compared.items()},
        threshold_table=tables.threshold_table(ours.test, per_day),
        worst_errors=tables.worst_errors(split.test, ours.test, task.labels),
        data={
            "rows": _rows(split, task),
            **({"incidents_per_day": per_day} if per_day else {}),
            **({"unmeasured": lacking} if (lacking := _unmeasured(ours.test, task)) else {}),
            **_by_metric(task.objective.metric, compared),
        },
        labels_train={label: counted[label] for label in task.labels},
        benign=task.benign,
        baseline=task.baseline,
    )


def _by_metric(metric: str | None, compared: Mapping[str, ComparedModel]) -> dict[str, Any]:
    """The differences in the task's own metric, where it names one."""
    if metric is None:
        return {}
    found = {name: asdict(each.differences[metric]) for name, each in compared.items()}
    return {"metric": {"name": metric, "differences": found}}


def _comparable(fitted: FittedModel, setup: _EvaluationSetup) -> Comparable:
    seen = None if fitted.seen is None else fitted.seen(setup.split.test)
    return comparable(seen, setup.test.y)


def _compared(
    ours: _EvaluatedModel, theirs: _EvaluatedModel, comparison: Comparable, objective: Objective
) -> ComparedModel:
    rows = comparison.rows
    found = (
        differences(ours.sampled, theirs.sampled)
        if rows.all()
        else differences_on(ours.test, theirs.test, rows, objective)
    )
    return ComparedModel(theirs.scores.recipe, theirs.test, rows, found)


def _seen_counts(seen: Mapping[str, Comparable]) -> dict[str, Any]:
    return {"seen_by": {name: each.counts() for name, each in seen.items() if each.seen}}


def _evaluate_models(
    fitted: Mapping[str, FittedModel], setup: _EvaluationSetup
) -> dict[str, _EvaluatedModel]:
    """Evaluate models on the same resamples, which are drawn once."""
    predicted = {name: _predict(name, each, setup) for name, each in fitted.items()}
    tested = [each.test for each in predicted.values()]
    sampled = sample_models(tested, setup.resamples, setup.task.objective)
    return {
        name: _EvaluatedModel(_scores(name, each, figures, setup), each.parts, each.test, figures)
        for (name, each), figures in zip(predicted.items(), sampled, strict=True)
    }


def _predict(name: str, fitted: FittedModel, setup: _EvaluationSetup) -> _PredictedModel:
    raw_dev, _ = fitted.probabilities(setup.split.dev, setup.task, name)
    raw_test, seconds = fitted.probabilities(setup.split.test, setup.task, name)
    parts = fitted.parts or setup.methods.fit(setup.dev.predictions(raw_dev), setup.dev_per_day)
    raw = setup.test.predictions(raw_test)
    return _PredictedModel(fitted, seconds, parts, raw, *decide(raw, parts))


def _scores(
    name: str,
    predicted: _PredictedModel,
    sampled: Mapping[str, SampledFigure],
    setup: _EvaluationSetup,
) -> ModelScores:
    fitted, parts, test = predicted.fitted, predicted.parts, predicted.test
    confusion = tables.confusion_matrix(test, setup.task.labels)
    unread = count_unread(fitted.model, Batch.of_examples(setup.task.inputs, setup.split.test))
    return ModelScores(
        name=name,
        recipe=fitted.recipe,
        metrics=_figures(test, sampled, setup),
        per_class=tables.per_class(confusion),
        threshold=parts.decider.threshold,
        calibrator=parts.saved_calibrator,
        decider=parts.saved_decider,
        confusion=confusion,
        curves={
            **tables.ranking_curves(test),
            "calibration": calibration_curve(test),
            "calibration_raw": calibration_curve(predicted.raw),
        },
        fit_seconds=fitted.fit_seconds,
        score_per_second=len(test) / max(predicted.seconds, 1e-9),
        inference_cost=fitted.inference_cost,
        actions=_action_counts(predicted.decisions),
        cut=unread.rows,
        cut_characters=unread.characters,
    )


def _unmeasured(test: Predictions, task: TaskSpec) -> dict[str, str]:
    """Figures that the test set is too small for; a task without a benign class has none."""
    if test.benign is None:
        return {}
    return unmeasured(len(test) - int(test.attacks.sum()), task.objective)


def _action_counts(decisions: Decisions) -> dict[str, int]:
    counts = np.bincount(decisions.actions, minlength=len(ACTIONS))
    return {action.value: int(n) for action, n in zip(ACTIONS, counts, strict=True)}


def _figures(
    test: Predictions, sampled: Mapping[str, SampledFigure], setup: _EvaluationSetup
) -> dict[str, Interval]:
    """All figures with their intervals: the built-in ones, then those of plugins."""
    figures = with_intervals(sampled, test)
    for name, spec in setup.metrics.items():
        figures[name] = bootstrap_metric(spec, test, setup.resamples)
    return figures


def _rows(split: Split, task: TaskSpec) -> dict[str, dict[str, int]]:
    counted = {part: Counter(e.label for e in examples) for part, examples in split.parts()}
    return {
        part: {label: counts[label] for label in task.labels} for part, counts in counted.items()
    }


def _plain_mapping(data: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key): _plain(value) for key, value in data.items()}


def _plain(value: object) -> object:
    """Convert to what JSON can hold, so that a report is equal after its file is read."""
    if isinstance(value, Mapping):
        return _plain_mapping(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value
