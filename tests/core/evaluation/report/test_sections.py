"""What the built-in audits found, in words and on the page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.api.contracts import AuditSpec
from sftsec_core.api.domain import Batch, EvalReport, Split, TaskSpec
from sftsec_core.api.settings.evaluation import EvaluationSettings
from sftsec_core.evaluation.audits import AUDITS
from sftsec_core.evaluation.evaluate import AuditRun, evaluate
from sftsec_core.evaluation.inference import FittedModel
from sftsec_core.evaluation.report.html import render_report
from sftsec_core.evaluation.report.json import from_json, to_json
from sftsec_core.evaluation.report.sections import (
    cost_words,
    duration,
    groups_words,
    learning_words,
    paired_words,
    saved_words,
    source_words,
)
from tests.core.evaluation.audit_inputs import SMALL, noisy_examples, refit_linear
from tests.core.evaluation.report.test_html import Page
from tests.core.evaluation.rote_models import BINARY, TECHNIQUES, RoteModel, split_of

HOSTS = ("laptop", "<b>server</b>")
FEW = {"backtest": {"periods": 2}, "learning_curve": {"repeats": 1}, "groups": {"fewest": 20}}


def audited(task: TaskSpec = BINARY) -> EvalReport:
    """A candidate beside linear and a live model that was trained on a third of test."""
    live = RoteModel(task.labels, 2.6, 3)
    others = {
        "linear": FittedModel(RoteModel(task.labels, 1.0, 2), "linear"),
        "live": FittedModel(live, "full", seen=lambda rows: np.arange(len(rows)) % 3 == 0),
    }
    return evaluate(
        FittedModel(RoteModel(task.labels, 3.0, 1, 2.0), "hybrid"),
        others,
        split_of(task),
        task,
        audits={
            each.name: partial(each.run, each.config_model()) for each in AUDITS if each.always
        },
    )


def told(report: EvalReport) -> str:
    return " ".join(Page(render_report(report)).text.split())


def pair(ours: int, theirs: int, p: float, rows: int = 300) -> dict[str, Any]:
    found = {"only_candidate_right": ours, "only_other_right": theirs, "p": p}
    return {"decisions": {"all": found}, "rows": rows, "of": 300}


class TestPairedWords:
    def test_better_model_is_named(self) -> None:
        words = paired_words("live", pair(31, 4, 4e-6)).replace("\u00a0", " ")
        assert words == (
            "The candidate is right on 31 incidents where live is wrong, and wrong on 4 where live "
            "is right: p < 0.0001. That is more than chance: the candidate is the better one."
        )
        assert "live is the better one" in paired_words("live", pair(4, 31, 4e-6))

    def test_chance_is_called_chance(self) -> None:
        words = paired_words("linear", pair(1, 2, 1.0, rows=200))
        assert words.startswith("On the 200 of 300 incidents that linear was not trained on, the")
        assert "1 incident where" in words
        assert words.endswith("Chance alone explains that as well.")
        assert "same incidents" in paired_words("linear", pair(0, 0, 1.0))


class TestCostWords:
    @pytest.mark.parametrize(
        ("minutes", "words"),
        [(10, "10 min"), (0.25, "0.25 min"), (60, "1 h"), (480, "8 h"), (738, "12.3 h"),
         (1e5, "1,667 h"), (-300, "-5 h"), (0, "0 h")],
    )  # fmt: skip
    def test_durations_read_well(self, minutes: float, words: str) -> None:
        assert duration(minutes) == words

    @pytest.mark.parametrize(
        ("value", "low", "high", "words"),
        [
            (120, 60, 180, "it saves 2 h a week (1 h to 3 h)"),
            (-120, -180, -60, "it costs 2 h a week (1 h to 3 h) more"),
            (60, -60, 120, "no saving can be told from chance: 1 h a week (-1 h to 2 h)"),
        ],
    )
    def test_saving_is_told_with_its_interval(
        self, value: float, low: float, high: float, words: str
    ) -> None:
        found = {"value": value, "low": low, "high": high}
        assert words in saved_words("live", found, "a week")


def refitted(hint: float = 0.85) -> EvalReport:
    """A linear candidate with all audits, on hosts and connectors, one of them hostile."""
    rows = [
        replace(each, facets={"host.type": HOSTS[number % 2], "connector": f"c{number % 3}"})
        for number, each in enumerate(noisy_examples(500, hint=hint))
    ]
    split = Split(rows[:300], rows[300:400], rows[400:])
    answers = refit_linear(["linear"], split)["linear"]
    candidate = FittedModel(_Recalled(answers.proba), "linear", 1.0)

    def bound(spec: AuditSpec[Any]) -> AuditRun:
        config = spec.configure(FEW.get(spec.name, {}))
        return lambda given: spec.run(config, replace(given, refit=refit_linear))

    return evaluate(
        candidate,
        {"linear": candidate},
        split,
        SMALL,
        audits={spec.name: bound(spec) for spec in AUDITS},
        settings=EvaluationSettings(groups=("host.type",)),
    )


@dataclass(frozen=True)
class _Recalled:
    """Gives the answers that it was given, for test; even ones for any other part."""

    proba: NDArray[np.float64]
    labels: tuple[str, ...] = SMALL.labels

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        return self.proba if len(batch) == len(self.proba) else np.full((len(batch), 2), 0.5)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


class TestGroupsWords:
    def test_worst_is_told_with_its_counts(self) -> None:
        worse = {
            **{"field": "host.type", "value": "server", "kind": "missed attacks", "p": 0.0004},
            **{"errors": 12, "of": 20, "rest_errors": 5, "rest_of": 180},
        }
        (line,) = groups_words({"worse": [worse], "tests": 8})
        assert line.replace("\u00a0", " ") == (
            "Worst: host.type = server: missed attacks are 12 of 20, against 5 of 180 elsewhere "
            "(p = 0.0004, corrected for 8 tests)."
        )
        assert "No group is worse" in groups_words({"worse": [], "tests": 8})[0]
        assert "No two groups" in groups_words({"worse": [], "tests": 0})[0]


class TestLearningWords:
    def test_gain_or_doubt_is_told(self) -> None:
        told = {"gain": {"value": 0.004, "low": 0.001, "high": 0.008}}
        section = {
            "metric": "macro_f1",
            "more": 500,
            "recipes": {"linear": told, "full": {"cannot_tell": "noise"}},
        }
        gain, doubt = learning_words(section)
        assert gain == (
            "linear: 500 more labels would bring about +0.4 points of macro-F1 (+0.1 to +0.8)."
        )
        assert doubt == "full: what 500 more labels would bring cannot be told: noise."
        minutes = {"gain": {"value": 0.25, "low": 0.1, "high": 0.4}}
        (line,) = learning_words({"metric": "expected_cost", "more": 9, "recipes": {"a": minutes}})
        assert line.endswith("about +0.25 fewer minutes an incident (+0.10 to +0.40).")


class TestSourceWords:
    def test_worst_source_costs_most(self) -> None:
        def source(value: str, cost: float) -> dict[str, Any]:
            figure = {"value": cost, "low": cost - 1, "high": cost + 1}
            return {"value": value, "models": {"linear": {"figures": {"expected_cost": figure}}}}

        section = {
            "metric": "expected_cost",
            "field": "site",
            "recipes": ["linear"],
            "sources": [source("a", 3.0), source("b", 5.0)],
        }
        (line,) = source_words(section)
        assert line == (
            "Without labels of site b, linear has cost, minutes an incident 5.00 there "
            "(4.00 to 6.00), the worst of 2 sources."
        )


class TestRefittedPage:
    def test_each_audit_has_its_section(self) -> None:
        report = refitted()
        html = render_report(report)
        text = " ".join(Page(html).text.split())
        for part in ("Backtest", "Learning curve", "Sources left out", "Over 2 periods"):
            assert part in text
        assert "Macro-F1 on each period of the backtest" in html
        assert "Audits" not in text
        assert "Without labels of connector" in text
        assert "&lt;b&gt;server" in html
        assert "<b>server" not in html
        assert render_report(from_json(to_json(report))) == html


class TestPage:
    def test_sections_have_their_own_place(self) -> None:
        report = audited()
        text = told(report)
        for line in cost_words(report.sections["cost"]):
            assert line in text
        for part in ("Candidate and live (full)", "On the 200 of 300 incidents", "Hours in all"):
            assert part in text
        assert text.index("Candidate and live") < text.index("Candidate and linear")
        assert "Live was trained on 100 of the 300 test incidents" in text
        assert "Audits" not in text

    def test_task_without_benign_says_so(self) -> None:
        text = told(audited(TECHNIQUES))
        assert "Not measured: without a benign class every incident is an alert." in text
        assert "Candidate and live" in text

    def test_sections_survive_their_file(self) -> None:
        report = audited()
        assert from_json(to_json(report)) == report
        assert render_report(from_json(to_json(report))) == render_report(report)
