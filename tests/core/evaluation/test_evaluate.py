from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from sftsec_core.api.contracts import MetricSpec
from sftsec_core.api.domain import Interval, ModelScores, Split, TaskSpec, Threshold
from sftsec_core.api.errors import DataError, TrainingError
from sftsec_core.api.settings.task import ThresholdSettings
from sftsec_core.evaluation.evaluate import Fitted, evaluate
from tests.core.evaluation.judged import (
    BINARY,
    TECHNIQUES,
    RoteModel,
    examples,
    report_of,
    split_of,
)

FAMILIES = TaskSpec("web", ("url",), ("benign", "cmdi", "sqli", "xss"), "benign")


def known(found: Interval) -> tuple[float, float, float]:
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    return found.value, found.low, found.high


def test_a_better_candidate_is_better_beyond_the_interval() -> None:
    report = report_of(skills=(4.0, 1.0))
    value, low, high = known(report.differences["linear"])
    assert 0 < low < value < high
    ours, theirs = (
        known(m.metrics["macro_f1"])[0] for m in (report.candidate, report.others["linear"])
    )
    assert value == pytest.approx(ours - theirs)


def test_figures_table_and_confusion_speak_of_the_same_threshold() -> None:
    report = report_of()
    (benign, false_alarms), (missed, found) = report.candidate.confusion.counts
    row = next(
        r for r in report.threshold_table if r["threshold"] == report.candidate.threshold.value
    )
    assert row["alerts"] == false_alarms + found
    assert row["recall"] == pytest.approx(found / (found + missed))
    assert row["recall"] == pytest.approx(known(report.candidate.metrics["recall"])[0])
    assert row["fpr"] == pytest.approx(false_alarms / (benign + false_alarms))
    assert report.candidate.per_class["phishing"]["precision"] == row["precision"]
    # All three parts begin together, with an example an hour: 300, 300 and 150 in test's span.
    per_day = 750 / 299 * 24
    assert row["alerts_per_day"] == pytest.approx((false_alarms + found) / 300 * per_day)


def test_several_attack_classes_are_judged_together_against_benign() -> None:
    report = report_of(FAMILIES, split_of(FAMILIES))
    counts = np.array(report.candidate.confusion.counts)
    tp, fn = counts[1:, 1:].sum(), counts[1:, 0].sum()
    assert known(report.candidate.metrics["recall"])[0] == pytest.approx(tp / (tp + fn))
    assert set(report.candidate.curves) == {"pr", "roc", "calibration", "calibration_raw"}


def test_fifty_techniques_without_benign_have_no_attack_side() -> None:
    split = split_of(TECHNIQUES, 400)
    report = report_of(TECHNIQUES, split)
    metrics = report.candidate.metrics
    assert metrics["recall"] == metrics["tpr_at_fpr_0.001"] == Interval(None)
    assert known(metrics["average_precision"])[0] > 0.5
    assert report.threshold_table == ()
    assert report.candidate.threshold == Threshold(0.0, "argmax")
    proba = RoteModel(TECHNIQUES.labels, 4.0, 1, 2.0).predict_proba([e.text for e in split.test])
    true = [TECHNIQUES.labels.index(e.label) for e in split.test]
    expected = f1_score(true, proba.argmax(axis=1), average="macro")
    assert known(metrics["macro_f1"])[0] == pytest.approx(expected, abs=1e-12)


def test_the_threshold_and_temperature_are_chosen_on_dev_alone() -> None:
    split = split_of()
    other = Split(split.train, split.dev, examples("other", [0, 1] * 60))
    first, second = (report_of(split=s, skills=(1.0, 1.0)) for s in (split, other))
    assert first.candidate.threshold == second.candidate.threshold
    assert first.candidate.temperature == second.candidate.temperature != 1.0


def test_the_model_in_service_is_judged_with_the_threshold_that_it_serves_with() -> None:
    model = RoteModel(BINARY.labels, 3.0)
    live = Fitted(model, "full", temperature=2.0, threshold=Threshold(0.9, "fpr", 0.01))
    report = evaluate(
        Fitted(model, "full"), {"live": live}, split_of(), BINARY, threshold=ThresholdSettings()
    )
    assert report.others["live"].threshold == Threshold(0.9, "fpr", 0.01)
    assert report.others["live"].temperature == 2.0
    assert report.candidate.threshold.method == "max_f1"


def test_a_model_with_other_labels_is_put_in_the_tasks_order() -> None:
    model = RoteModel(("benign", "phishing"), 3.0)

    class Turned:
        labels = ("worm", "phishing", "benign")

        def predict_proba(self, texts: list[str]) -> NDArray[np.float64]:
            proba = model.predict_proba(texts)
            return np.asarray(np.c_[np.full(len(texts), 0.5), proba[:, ::-1] / 2])

        save = model.save

    settings = ThresholdSettings()
    plain = evaluate(Fitted(model, "x"), {}, split_of(), BINARY, threshold=settings)
    turned = evaluate(Fitted(Turned(), "x"), {}, split_of(), BINARY, threshold=settings)  # type: ignore[arg-type]
    assert turned.candidate.confusion == plain.candidate.confusion


def test_the_worst_errors_come_first_and_their_texts_are_cut() -> None:
    report = report_of(split=split_of(text="A" * 500), skills=(2.0, 2.0))
    assert report.worst_errors
    assert all(error.label != error.predicted for error in report.worst_errors)
    sureness = [error.probability for error in report.worst_errors]
    assert sureness == sorted(sureness, reverse=True)
    assert max(len(error.text) for error in report.worst_errors) == 200


def test_curves_are_thin_and_keep_their_ends_and_their_low_false_positive_rates() -> None:
    report = report_of(split=split_of(n=4000), skills=(2.0, 1.0))
    roc, pr = report.candidate.curves["roc"], report.candidate.curves["pr"]
    assert len(roc.x) == len(roc.y) == len(roc.at) <= 200
    assert len(pr.x) <= 200
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
    assert sum(x <= 0.01 for x in roc.x) > 10


def test_a_plugins_metric_stands_behind_the_built_in_ones() -> None:
    spec = MetricSpec(
        name="rows",
        summary="how many",
        higher_is_better=True,
        compute=lambda y, _proba, _benign: float(len(y)),
    )
    fitted = Fitted(RoteModel(BINARY.labels, 3.0), "x")
    report = evaluate(
        fitted, {}, split_of(), BINARY, threshold=ThresholdSettings(), metrics={"rows": spec}
    )
    assert list(report.candidate.metrics)[-1] == "rows"
    assert report.candidate.metrics["rows"] == Interval(300.0, 300.0, 300.0)


@pytest.mark.parametrize(
    ("dev", "test"),
    [([0, 1], [0]), ([0, 1], [1]), ([], [0, 1]), ([0], [1, 1, 1]), ([], [0]), ([1], [0, 0])],
)
@pytest.mark.parametrize("method", ["max_f1", "fpr"])
def test_tiny_and_one_sided_parts_give_none_and_no_warning(
    dev: list[int], test: list[int], method: str
) -> None:
    split = Split(examples("train", [0, 1]), examples("dev", dev), examples("test", test))
    wanted = ThresholdSettings.model_validate({"method": method, "target": 0.01})
    report = report_of(split=split, threshold=wanted)
    for scores in (report.candidate, *report.others.values()):
        assert all(f.value is None or math.isfinite(f.value) for f in scores.metrics.values())
        assert scores.metrics["accuracy"].value is not None
    one_sided = len(set(test)) == 1
    assert (report.candidate.metrics["roc_auc"].value is None) == one_sided
    if not dev:
        assert report.candidate.threshold.method == "default"
        assert report.candidate.temperature == 1.0


def test_the_same_input_gives_the_same_report_but_for_the_clock() -> None:
    def timeless(scores: ModelScores) -> ModelScores:
        return replace(scores, score_per_second=None)

    first, second = report_of(), report_of()
    assert timeless(first.candidate) == timeless(second.candidate)
    assert first.differences == second.differences


def test_an_empty_test_part_is_refused() -> None:
    split = Split(examples("train", [0, 1]), [], [])
    with pytest.raises(DataError, match="test part is empty"):
        report_of(split=split)


def test_a_label_that_is_not_the_tasks_is_named() -> None:
    split = split_of()
    odd = [replace(split.test[0], label="phishin"), *split.test[1:]]
    with pytest.raises(DataError, match="did you mean 'phishing'"):
        report_of(split=Split(split.train, split.dev, odd))


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ([[0.5, 0.6]], "do not sum to 1"),
        ([[math.nan, 1.0]], "not a number"),
        ([[-0.5, 1.5]], "negative"),
        ([[1.0]], r"shape \(1, 1\)"),
    ],
)
def test_answers_that_are_not_probabilities_are_refused(
    answer: list[list[float]], complaint: str
) -> None:
    class Broken:
        labels = BINARY.labels

        def predict_proba(self, _texts: object) -> NDArray[np.float64]:
            return np.array(answer)

        def save(self, folder: object) -> None: ...

    split = Split(examples("train", [0, 1]), [], examples("test", [1]))
    with pytest.raises(TrainingError, match=complaint):
        evaluate(Fitted(Broken(), "broken"), {}, split, BINARY, threshold=ThresholdSettings())
