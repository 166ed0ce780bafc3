"""Why the candidate erred: spans of the shown text, bounded, and never in the way of a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from sftsec_core.api.contracts import AuditInput, EmptyConfig, ExplainerSpec, ExplainJob
from sftsec_core.api.domain import (
    Attribution,
    Example,
    Explanation,
    InputField,
    InputKind,
    Split,
    TaskSpec,
    Threshold,
    WorstError,
    describe_inputs,
)
from sftsec_core.evaluation.rescoring import Rescorer
from sftsec_core.operations.error_reasons import ErrorExplainer
from sftsec_core.testing.explainer import WordCountModel
from tests.core.evaluation.rote_models import served_with

TASK = TaskSpec(
    "mail",
    (
        InputField("subject", InputKind.TEXT, ("subject",)),
        InputField("text", InputKind.TEXT, ("message",)),
        InputField("size", InputKind.NUMBER, ("size",)),
    ),
    ("malicious", "benign"),  # another order than the model's
    "benign",
)
ROW = Example("i1", {"subject": "re: malware", "text": "the malware report", "size": 3.0}, "benign")
MODEL = WordCountModel()
ERROR = WorstError("i1", describe_inputs(ROW.inputs), "benign", "malicious", 0.9)


def given(model: Any = MODEL) -> AuditInput:
    parts = served_with(1.0, Threshold(0.5, "fixed"), benign=1)
    rescore = Rescorer(model, parts, TASK, "words")
    predictions = rescore([ROW])
    return AuditInput(TASK, Split((), (), (ROW,)), model, predictions, rescore=rescore)


def finds_malware(_config: EmptyConfig, job: ExplainJob) -> Sequence[Explanation]:
    """Every place of the word, with what the model says of the row as a contribution."""
    (text,) = job.batch.text()
    label, against = (job.model.labels[column] for column in job.pairs[0])
    column = job.pairs[0][0]
    sure = float(job.proba(job.batch)[0, column])
    places = [at for at in range(len(text)) if text.startswith("malware", at)]
    told = tuple(Attribution("text", "malware", sure, (at, at + 7)) for at in places)
    (decision,) = job.decide(job.batch, (0,))
    return [Explanation(label, against, "own", f"decided {decision}\x1b", told)]


def explainer(explain: Any = finds_malware) -> ErrorExplainer:
    return ErrorExplainer(ExplainerSpec(name="own", summary="s", explain=explain), EmptyConfig())


class TestReasons:
    def test_mark_places_of_the_shown_text(self) -> None:
        (found,) = explainer()(given(), (ERROR,))
        assert found.explanation is not None
        told = found.explanation.attributions
        spans = [each.span for each in told if each.span is not None]
        assert [ERROR.text[first:last] for first, last in spans] == ["malware", "malware"]
        assert {ERROR.text[:first].count("subject: ") for first, _ in spans} == {0, 1}

    def test_are_of_the_prediction_against_the_verdict(self) -> None:
        (found,) = explainer()(given(), (ERROR,))
        assert found.explanation is not None
        assert (found.explanation.label, found.explanation.against) == ("malicious", "benign")
        assert found.explanation.text == "decided malicious\\x1b"
        assert found.explanation.attributions[0].contribution == pytest.approx(0.953, abs=1e-3)

    def test_of_a_failing_explainer_are_none(self, caplog: pytest.LogCaptureFixture) -> None:
        def fails(_config: EmptyConfig, _job: ExplainJob) -> Sequence[Explanation]:
            raise ValueError("the malware report")

        assert explainer(fails)(given(), (ERROR,)) == (ERROR,)
        assert "ValueError" in caplog.text
        assert "report" not in caplog.text

    def test_of_an_unknown_label_are_none(self) -> None:
        unknown = replace(ERROR, label="suspicious")
        assert explainer()(given(), (unknown,)) == (unknown,)
