"""A candidate beside the linear baseline and the model in service, on one test set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sftsec_core.api.domain import EvalReport, Interval, ModelScores, Threshold
from sftsec_core.api.errors import DataError, TrainingError, unknown
from sftsec_core.evaluation import tables
from sftsec_core.evaluation.bootstrap import (
    Resamples,
    bootstrap,
    bootstrap_metric,
    difference,
    intervals,
)
from sftsec_core.evaluation.calibration import (
    apply_temperature,
    calibration_curve,
    fit_temperature,
)
from sftsec_core.evaluation.comparison import (
    Comparable,
    Prediction,
    comparable,
    macro_f1_difference,
)
from sftsec_core.evaluation.decide import predict_labels
from sftsec_core.evaluation.metrics import Scorer, compute_metrics
from sftsec_core.evaluation.threshold import choose_threshold, incidents_per_day

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.contracts import MetricSpec, TrainedModel
    from sftsec_core.api.domain import Example, Split, TaskSpec
    from sftsec_core.api.settings.task import ThresholdSettings


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model to be judged, and what is known of it.

    Attributes:
        model: scores texts; its labels may be in another order than the task's, or fewer.
        recipe: the recipe that made it.
        fit_seconds: how long it took to train; None when that is not known.
        cost: the recipe's relative expense of scoring one text; None when not known.
        temperature: as it serves; None fits one on dev.
        threshold: as it serves; None chooses one on dev. A model in service is judged with its
            own temperature and threshold: that is what the analysts get.
        seen: says of each example whether the model was trained on it; None knows of none.
    """

    model: TrainedModel
    recipe: str
    fit_seconds: float | None = None
    inference_cost: int | None = None
    temperature: float | None = None
    threshold: Threshold | None = None
    seen: Callable[[Sequence[Example]], NDArray[np.bool_]] | None = None
    # What it answered for a part, and how long it took: a model is judged as the candidate and
    # perhaps again beside another one, and a fine-tuned encoder takes minutes to answer.
    answers: dict[int, _Answer] = field(default_factory=dict, repr=False, compare=False)


class _Answer(NamedTuple):
    """A model's answer for a part; holds the part, so that its identity stays its own."""

    part: Sequence[Example]
    proba: NDArray[np.float64]
    seconds: float


@dataclass(frozen=True, slots=True)
class _Question:
    """What every model of a report is asked: shapes (n,) for `y_*`."""

    task: TaskSpec
    benign: int | None
    split: Split
    y_dev: NDArray[np.int64]
    y_test: NDArray[np.int64]
    settings: ThresholdSettings
    dev_per_day: float | None
    metrics: Mapping[str, MetricSpec[Any]]
    resamples: Resamples


@dataclass(frozen=True, slots=True)
class _Judged:
    scores: ModelScores
    proba: NDArray[np.float64]
    macro_f1: NDArray[np.float64]


def evaluate(
    candidate: Fitted,
    others: Mapping[str, Fitted],
    split: Split,
    task: TaskSpec,
    *,
    threshold: ThresholdSettings,
    metrics: Mapping[str, MetricSpec[Any]] | None = None,
    data: Mapping[str, Any] | None = None,
    alerts_span_days: float | None = None,
) -> EvalReport:
    """Judge models on the test part; dev gives each its temperature and its threshold.

    Args:
        candidate: the model that wants to go into service.
        others: "linear" always, "live" when there is one, and whatever else was fitted.
        split: dev may be empty, test may not.
        task: gives the order of the classes.
        threshold: how the threshold is chosen.
        metrics: plugins' metrics by name.
        data: what the report says of the data; taken over as plain JSON values.
        alerts_span_days: the days that dev stands for, when its timestamps do not say.

    Raises:
        DataError: when test is empty, a label is not the task's, or dev has no span of time
            for a budget of alerts a day.
        TrainingError: when a model's answers are not probabilities.
    """
    if not split.test:
        raise DataError(f"task {task.name!r}: the test part is empty, so nothing can be reported")
    y_test = _columns(split.test, task)
    question = _Question(
        task=task,
        benign=None if task.benign is None else task.labels.index(task.benign),
        split=split,
        y_dev=_columns(split.dev, task),
        y_test=y_test,
        settings=threshold,
        dev_per_day=incidents_per_day(split.dev, split, span_days=alerts_span_days),
        metrics=metrics or {},
        resamples=Resamples(y_test),
    )
    ours = _judge("candidate", candidate, question)
    theirs = {name: _judge(name, fitted, question) for name, fitted in others.items()}
    fair = {name: _comparable(fitted, question) for name, fitted in others.items()}
    return _report(ours, theirs, fair, question, data or {})


def _report(
    ours: _Judged,
    theirs: Mapping[str, _Judged],
    fair: Mapping[str, Comparable],
    question: _Question,
    data: Mapping[str, Any],
) -> EvalReport:
    split, task, benign = question.split, question.task, question.benign
    chosen = ours.scores.threshold.value
    counted = Counter(example.label for example in split.train)
    return EvalReport(
        task=task.name,
        candidate=ours.scores,
        others={name: judged.scores for name, judged in theirs.items()},
        differences={
            name: _difference(ours, judged, fair[name], question) for name, judged in theirs.items()
        },
        threshold_table=tables.threshold_table(
            question.y_test, ours.proba, benign, chosen, incidents_per_day(split.test, split)
        ),
        worst_errors=tables.worst_errors(
            split.test, question.y_test, ours.proba, benign, chosen, task.labels
        ),
        data={
            "rows": _rows(split, task),
            "seen_by": {name: each.counts() for name, each in fair.items() if each.seen},
            **_plain_mapping(data),
        },
        labels_train={label: counted[label] for label in task.labels},
        benign=task.benign,
    )


def _comparable(fitted: Fitted, question: _Question) -> Comparable:
    seen = None if fitted.seen is None else fitted.seen(question.split.test)
    return comparable(seen, question.y_test)


def _difference(ours: _Judged, theirs: _Judged, fair: Comparable, question: _Question) -> Interval:
    if fair.rows.all():
        return difference(_macro_f1(ours), _macro_f1(theirs), ours.macro_f1, theirs.macro_f1)
    return macro_f1_difference(
        Prediction(ours.proba, ours.scores.threshold.value),
        Prediction(theirs.proba, theirs.scores.threshold.value),
        question.y_test,
        question.benign,
        fair.rows,
    )


def _judge(name: str, fitted: Fitted, question: _Question) -> _Judged:
    labels, benign, y = question.task.labels, question.benign, question.y_test
    raw_dev, _ = _answer(fitted, question.split.dev, labels, name)
    raw_test, seconds = _answer(fitted, question.split.test, labels, name)
    temperature = fitted.temperature or fit_temperature(raw_dev, question.y_dev)
    proba = apply_temperature(raw_test, temperature)
    threshold = fitted.threshold or choose_threshold(
        question.y_dev,
        apply_temperature(raw_dev, temperature),
        benign,
        question.settings,
        incidents_per_day=question.dev_per_day,
    )
    predicted = predict_labels(proba, benign, threshold.value)
    confusion = tables.confusion_matrix(y, predicted, labels)
    figures, macro_f1 = _figures(question, proba, predicted, threshold.value)
    scores = ModelScores(
        name=name,
        recipe=fitted.recipe,
        metrics=figures,
        per_class=tables.per_class(confusion),
        threshold=threshold,
        temperature=temperature,
        confusion=confusion,
        curves={
            **tables.ranking_curves(y, proba, benign),
            "calibration": calibration_curve(y, proba, benign),
            "calibration_raw": calibration_curve(y, raw_test, benign),
        },
        fit_seconds=fitted.fit_seconds,
        score_per_second=len(y) / max(seconds, 1e-9),
        inference_cost=fitted.inference_cost,
    )
    return _Judged(scores, proba, macro_f1)


def _figures(
    question: _Question,
    proba: NDArray[np.float64],
    predicted: NDArray[np.int64],
    threshold: float,
) -> tuple[dict[str, Interval], NDArray[np.float64]]:
    """All figures with their intervals, and macro-F1 of each resample for paired differences."""
    y, benign = question.y_test, question.benign
    draws = bootstrap(Scorer(y, proba, benign, threshold), question.resamples)
    point = compute_metrics(y, proba, benign, threshold)
    figures = intervals(point, draws, _trials(y, predicted, benign))
    for name, spec in question.metrics.items():
        figures[name] = bootstrap_metric(spec, y, proba, benign, question.resamples)
    return figures, draws["macro_f1"]


def _answer(
    fitted: Fitted, part: Sequence[Example], labels: tuple[str, ...], name: str
) -> tuple[NDArray[np.float64], float]:
    known = fitted.answers.get(id(part))
    if known is None:
        known = _Answer(part, *predict(fitted.model, part, labels, name))
        fitted.answers[id(part)] = known
    return known.proba, known.seconds


def predict(
    model: TrainedModel, examples: Sequence[Example], labels: tuple[str, ...], name: str
) -> tuple[NDArray[np.float64], float]:
    """Ask a model, check its answers and put its columns in the task's order.

    A class that the model does not know gets 0; a class that only the model knows is left out
    and its share goes to the others. The model is not called for no examples.

    Args:
        model: to be asked.
        examples: n of them.
        labels: the task's k labels.
        name: the model's name, for the error.

    Returns:
        Probabilities, shape (n, k), and the seconds that the model took.

    Raises:
        TrainingError: when the answers are not one row of probabilities an example.
    """
    if not examples:
        return np.zeros((0, len(labels))), 0.0
    begun = perf_counter()
    answers = model.predict_proba([example.text for example in examples])
    seconds = perf_counter() - begun
    proba = np.asarray(answers, dtype=np.float64)
    expected = (len(examples), len(model.labels))
    if proba.shape != expected:
        raise TrainingError(f"model {name!r} answered in shape {proba.shape}, not {expected}")
    if not np.isfinite(proba).all() or (proba < 0).any():
        raise TrainingError(f"model {name!r} gave a probability that is negative or not a number")
    if not np.allclose(proba.sum(axis=1), 1.0, atol=1e-3):
        raise TrainingError(f"model {name!r} gave rows of probabilities that do not sum to 1")
    return _aligned(proba, tuple(model.labels), labels), seconds


def _aligned(
    proba: NDArray[np.float64], given: tuple[str, ...], wanted: tuple[str, ...]
) -> NDArray[np.float64]:
    if given == wanted:
        return proba
    place = {label: column for column, label in enumerate(given)}
    aligned = np.zeros((len(proba), len(wanted)))
    for column, label in enumerate(wanted):
        if label in place:
            aligned[:, column] = proba[:, place[label]]
    total = aligned.sum(axis=1, keepdims=True)
    even = np.full(aligned.shape, 1 / len(wanted))
    np.divide(aligned, total, out=even, where=total > 0)
    return even


def _columns(examples: Sequence[Example], task: TaskSpec) -> NDArray[np.int64]:
    place = {label: column for column, label in enumerate(task.labels)}
    strange = {example.label for example in examples} - place.keys()
    if strange:
        raise DataError(unknown(f"label of task {task.name!r}:", min(strange), task.labels))
    return np.fromiter((place[e.label] for e in examples), np.int64, count=len(examples))


def _trials(
    y: NDArray[np.int64], predicted: NDArray[np.int64], benign: int | None
) -> dict[str, int]:
    """Out of how many rows the figures that are plain shares were counted."""
    everything = dict.fromkeys(("accuracy", "micro_f1"), len(y))
    if benign is None:
        return everything
    sides = {
        "precision": int((predicted != benign).sum()),
        "recall": int((y != benign).sum()),
        "fpr": int((y == benign).sum()),
    }
    return everything | sides


def _macro_f1(judged: _Judged) -> float | None:
    return judged.scores.metrics["macro_f1"].value


def _rows(split: Split, task: TaskSpec) -> dict[str, dict[str, int]]:
    counted = {part: Counter(e.label for e in examples) for part, examples in split.parts()}
    return {
        part: {label: counts[label] for label in task.labels} for part, counts in counted.items()
    }


def _plain_mapping(data: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key): _plain(value) for key, value in data.items()}


def _plain(value: object) -> object:
    """Turn what JSON has no word for into what it has, so that a report survives its file."""
    if isinstance(value, Mapping):
        return _plain_mapping(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value
