from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

from sftsec_core.api.contracts import AuditInput, MetricSpec
from sftsec_core.api.domain import (
    Batch,
    EvalReport,
    Interval,
    ModelScores,
    Objective,
    Split,
    TaskSpec,
    Threshold,
)
from sftsec_core.api.errors import DataError
from sftsec_core.api.predictions import Predictions
from sftsec_core.evaluation.calibration import apply_temperature
from sftsec_core.evaluation.evaluate import evaluate
from sftsec_core.evaluation.inference import FittedModel
from sftsec_core.sdk.threshold_settings import ThresholdSettings
from tests.core.evaluation.rote_models import (
    BINARY,
    FAMILIES,
    TECHNIQUES,
    RoteModel,
    examples,
    report_of,
    served_with,
    split_of,
)
from tests.core.recipes.jobs import texts_of

FIGURES = json.loads(Path(__file__).with_name("golden_reports.json").read_text("utf-8"))


FIVE = TaskSpec.of_text("attack", ("message",), tuple(f"T{i:04}" for i in range(5)))


def known(found: Interval) -> tuple[float, float, float]:
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    return found.value, found.low, found.high


def golden_report(name: str) -> EvalReport:
    """The reports whose figures `golden_reports.json` holds."""
    if name == "binary":
        return report_of(skills=(2.0, 1.0))
    if name == "binary_fpr":
        split = split_of(n=120, attacks=0.05, seed=7)
        wanted = ThresholdSettings(method="fpr", target=0.02)
        return report_of(split=split, skills=(3.0, 1.0), threshold=wanted)
    if name == "families_alerts_per_day":
        wanted = ThresholdSettings(method="alerts_per_day", target=6)
        split = split_of(FAMILIES, 160)
        return report_of(FAMILIES, split, skills=(2.0, 1.0), threshold=wanted)
    if name == "no_benign":
        return report_of(FIVE, split_of(FIVE, 150), skills=(1.5, 1.0))
    live = FittedModel(
        RoteModel(BINARY.labels, 1.5, seed=3),
        "full",
        parts=served_with(2.0, Threshold(0.8, "fpr", 0.01)),
        seen=lambda rows: np.arange(len(rows)) % 3 > 0,
    )
    ours = FittedModel(RoteModel(BINARY.labels, 2.0), "hybrid")
    return evaluate(ours, {"live": live}, split_of(), BINARY)


def golden_figures(report: EvalReport) -> dict[str, Any]:
    """All figures of a report; of a curve the number of points and the sums of its columns."""
    kept = ("candidate", "others", "differences", "threshold_table", "worst_errors")
    body = {name: value for name, value in asdict(report).items() if name in kept}
    for model in (body["candidate"], *body["others"].values()):
        for name in ("score_per_second", "inference_cost", "decider", "actions", "cut_characters"):
            del model[name]
        model["temperature"] = model.pop("calibrator")["state"]["temperature"]
        model["curves"] = {
            name: {"points": len(curve["x"]), **{each: sum(curve[each]) for each in curve}}
            for name, curve in model["curves"].items()
        }
    for error in body["worst_errors"]:
        assert error.pop("explanation") is None  # nothing was asked to explain them
    return body


def assert_same(found: object, expected: object, where: str) -> None:
    """Equal, floating-point figures to 1e-9."""
    if isinstance(expected, dict):
        assert isinstance(found, dict)
        assert found.keys() == expected.keys(), where
        for key, value in expected.items():
            assert_same(found[key], value, f"{where}.{key}")
    elif isinstance(expected, list):
        assert isinstance(found, (list, tuple))
        assert len(found) == len(expected), where
        for number, value in enumerate(expected):
            assert_same(found[number], value, f"{where}[{number}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, abs=1e-9), where
    else:
        assert found == expected, where


class TestDifferences:
    def test_better_candidate_exceeds_the_interval(self) -> None:
        report = report_of(skills=(4.0, 1.0))
        value, low, high = known(report.differences["linear"])
        assert 0 < low < value < high
        ours, theirs = (
            known(m.metrics["macro_f1"])[0] for m in (report.candidate, report.others["linear"])
        )
        assert value == pytest.approx(ours - theirs)

    def test_metric_of_the_task_stands_beside(self) -> None:
        task = replace(BINARY, objective=Objective("average_precision"))
        found = report_of(task, split_of(task), skills=(4.0, 1.0)).data["metric"]
        assert found["name"] == "average_precision"
        report = report_of(skills=(4.0, 1.0))
        ours, theirs = (
            known(m.metrics["average_precision"])[0]
            for m in (report.candidate, report.others["linear"])
        )
        assert found["differences"]["linear"]["value"] == pytest.approx(ours - theirs)
        assert "metric" not in report.data

    def test_cost_is_of_the_decisions(self) -> None:
        prices = Objective("expected_cost", None, 5.0, 100.0)
        task = replace(BINARY, objective=prices)
        report = report_of(task, split_of(task), skills=(4.0, 1.0))
        confusion = report.candidate.confusion
        at = {label: i for i, label in enumerate(confusion.labels)}
        counts = np.array(confusion.counts)
        quiet = at[BINARY.benign or ""]
        missed = counts[:, quiet].sum() - counts[quiet, quiet]
        alerts = counts.sum() - counts[:, quiet].sum()
        spent = (5 * alerts + 100 * missed) / counts.sum()
        assert report.candidate.metrics["expected_cost"].value == pytest.approx(spent)
        assert report.data["metric"]["differences"]["linear"]["high"] < 0

    def test_any_rate_is_a_figure(self) -> None:
        task = replace(BINARY, objective=Objective("tpr_at_fpr_0.05"))
        scores = report_of(task, split_of(task), skills=(4.0, 1.0)).candidate
        assert known(scores.metrics["tpr_at_fpr_0.05"])[0] > 0
        fine = replace(BINARY, objective=Objective("tpr_at_fpr_0.0001"))
        lacking = report_of(fine, split_of(fine)).data["unmeasured"]
        assert "takes 10,000 benign test rows" in lacking["tpr_at_fpr_0.0001"]


class TestClasses:
    def test_attacks_are_judged_together_against_benign(self) -> None:
        report = report_of(FAMILIES, split_of(FAMILIES))
        counts = np.array(report.candidate.confusion.counts)
        tp, fn = counts[1:, 1:].sum(), counts[1:, 0].sum()
        assert known(report.candidate.metrics["recall"])[0] == pytest.approx(tp / (tp + fn))
        assert set(report.candidate.curves) == {"pr", "roc", "calibration", "calibration_raw"}

    def test_techniques_without_benign_have_no_attacks(self) -> None:
        split = split_of(TECHNIQUES, 400)
        report = report_of(TECHNIQUES, split)
        metrics = report.candidate.metrics
        assert metrics["recall"] == metrics["tpr_at_fpr_0.001"] == Interval(None)
        assert known(metrics["average_precision"])[0] > 0.5
        assert report.threshold_table == ()
        assert report.candidate.threshold == Threshold(0.0, "argmax")
        proba = RoteModel(TECHNIQUES.labels, 4.0, 1, 2.0).predict_proba(
            Batch.of_texts(texts_of(split.test))
        )
        true = [TECHNIQUES.labels.index(e.label) for e in split.test]
        expected = f1_score(true, proba.argmax(axis=1), average="macro")
        assert known(metrics["macro_f1"])[0] == pytest.approx(expected, abs=1e-12)

    def test_unknown_label_is_named(self) -> None:
        split = split_of()
        odd = [replace(split.test[0], label="phishin"), *split.test[1:]]
        with pytest.raises(DataError, match="did you mean 'phishing'"):
            report_of(split=Split(split.train, split.dev, odd))


class TestAuditInput:
    def test_has_the_others_not_the_candidate(self) -> None:
        seen: list[AuditInput] = []

        def keep(given: AuditInput) -> dict[str, int]:
            seen.append(given)
            return {}

        ours = FittedModel(RoteModel(BINARY.labels, 2.0), "linear")
        live = FittedModel(
            RoteModel(BINARY.labels, 1.5, seed=3),
            "full",
            seen=lambda rows: np.arange(len(rows)) % 3 > 0,
        )
        others = {"linear": ours, "live": live}
        report = evaluate(ours, others, split_of(), BINARY, audits={"keep": keep})
        (given,) = seen
        assert set(given.others) == {"live"}
        assert given.others["live"].rows.sum() == 100
        assert given.others["live"].differences["macro_f1"] == report.differences["live"]
        assert given.incidents_per_day == report.data["incidents_per_day"]


class TestThreshold:
    def test_and_temperature_are_chosen_on_dev(self) -> None:
        split = split_of()
        other = Split(split.train, split.dev, examples("other", [0, 1] * 60))
        first, second = (report_of(split=s, skills=(1.0, 1.0)) for s in (split, other))
        assert first.candidate.threshold == second.candidate.threshold
        assert first.candidate.temperature == second.candidate.temperature != 1.0

    def test_of_the_live_model_is_its_own(self) -> None:
        model = RoteModel(BINARY.labels, 3.0)
        live = FittedModel(model, "full", parts=served_with(2.0, Threshold(0.9, "fpr", 0.01)))
        report = evaluate(
            FittedModel(model, "full"),
            {"live": live},
            split_of(),
            BINARY,
        )
        assert report.others["live"].threshold == Threshold(0.9, "fpr", 0.01)
        assert report.others["live"].temperature == 2.0
        assert report.candidate.threshold.method == "max_f1"


class TestPluginMetric:
    def test_sees_threshold_groups_and_times(self) -> None:
        seen: list[Predictions] = []

        def alerts_in_the_first_hours(_config: object, predictions: Predictions) -> float:
            seen.append(predictions)
            assert predictions.groups is not None
            assert predictions.at is not None
            early = predictions.at < np.datetime64("2026-01-01T06:00")
            of_host = np.array(["host-1" in groups for groups in predictions.groups])
            alerts = predictions.attack_scores >= predictions.threshold
            return float((alerts & early & of_host).sum())

        split = split_of()
        hosts = [replace(e, groups=(f"host-{i % 2}",)) for i, e in enumerate(split.test)]
        spec = MetricSpec(
            name="early",
            summary="alerts of a host",
            higher_is_better=True,
            compute=alerts_in_the_first_hours,
        )
        report = evaluate(
            FittedModel(RoteModel(BINARY.labels, 3.0), "x"),
            {},
            replace(split, test=hosts),
            BINARY,
            metrics={"early": spec},
        )
        threshold = report.candidate.threshold.value
        assert {predictions.threshold for predictions in seen} == {threshold}
        proba = RoteModel(BINARY.labels, 3.0).predict_proba(Batch.of_texts(texts_of(hosts)))
        assert report.candidate.temperature is not None
        calibrated = apply_temperature(proba, report.candidate.temperature)
        expected = sum(1 - calibrated[i, 0] >= threshold for i in (1, 3, 5))
        assert report.candidate.metrics["early"].value == expected
        assert len(seen) == 1001

    def test_follows_the_built_in_ones(self) -> None:
        spec = MetricSpec(
            name="rows",
            summary="how many",
            higher_is_better=True,
            compute=lambda _config, predictions: float(len(predictions)),
        )
        fitted = FittedModel(RoteModel(BINARY.labels, 3.0), "x")
        report = evaluate(fitted, {}, split_of(), BINARY, metrics={"rows": spec})
        assert list(report.candidate.metrics)[-1] == "rows"
        assert report.candidate.metrics["rows"] == Interval(300.0, 300.0, 300.0)


class TestReport:
    def test_is_the_same_for_equal_input(self) -> None:
        def timeless(scores: ModelScores) -> ModelScores:
            return replace(scores, score_per_second=None)

        first, second = report_of(), report_of()
        assert timeless(first.candidate) == timeless(second.candidate)
        assert first.differences == second.differences

    @pytest.mark.parametrize(
        ("dev", "test"),
        [([0, 1], [0]), ([0, 1], [1]), ([], [0, 1]), ([0], [1, 1, 1]), ([], [0]), ([1], [0, 0])],
    )
    @pytest.mark.parametrize("method", ["max_f1", "fpr"])
    def test_is_undefined_for_one_sided_parts(
        self, dev: list[int], test: list[int], method: str
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

    def test_needs_a_test_part(self) -> None:
        split = Split(examples("train", [0, 1]), [], [])
        with pytest.raises(DataError, match="test part is empty"):
            report_of(split=split)

    @pytest.mark.parametrize("name", sorted(FIGURES))
    def test_figures_are_the_saved_ones(self, name: str) -> None:
        assert_same(golden_figures(golden_report(name)), FIGURES[name], name)
