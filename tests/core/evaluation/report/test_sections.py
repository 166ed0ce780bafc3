"""What the built-in audits found, in words and on the page."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from sftsec_core.api.domain import EvalReport, TaskSpec
from sftsec_core.evaluation.audits import AUDITS
from sftsec_core.evaluation.evaluate import evaluate
from sftsec_core.evaluation.inference import FittedModel
from sftsec_core.evaluation.report.html import render_report
from sftsec_core.evaluation.report.json import from_json, to_json
from sftsec_core.evaluation.report.sections import (
    cost_words,
    duration,
    paired_words,
    saved_words,
)
from tests.core.evaluation.report.test_html import Page
from tests.core.evaluation.rote_models import BINARY, TECHNIQUES, RoteModel, split_of


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
