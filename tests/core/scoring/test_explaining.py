"""Reasons of detections: named by field, bounded, and never in the way of a detection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from sftsec_core.api.contracts import EmptyConfig, ExplainerSpec, ExplainJob
from sftsec_core.api.domain import (
    Attribution,
    Detection,
    Explanation,
    Incident,
    IncidentPage,
    InputField,
    InputKind,
    Neighbour,
    Suppression,
    TaskSpec,
    Threshold,
)
from sftsec_core.api.errors import PluginError
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.dataset.features import read_inputs
from sftsec_core.plugins import Plugins
from sftsec_core.scoring.decision import decide_page
from sftsec_core.scoring.explaining import DecisionExplainer
from sftsec_core.scoring.scorer import Scorer, rate_page, score_page
from sftsec_core.sdk.threshold import ThresholdDecider
from tests.core.scoring.parts import TASK, incident, scorer

Explainer = Callable[[EmptyConfig, ExplainJob], Sequence[Explanation]]
TWO_FIELDS = replace(
    TASK,
    inputs=(
        InputField("text", InputKind.TEXT, ("subject", "message"), ("body",)),
        InputField("count", InputKind.NUMBER, ("count",)),
    ),
)


def finds(word: str) -> Explainer:
    """Says where a word stands, in what it asks for, and what is alike."""

    def explain(_config: EmptyConfig, job: ExplainJob) -> list[Explanation]:
        near = job.nearest(2) if job.nearest else [()] * len(job.batch)
        out = []
        for text, (column, other), alike in zip(job.batch.text(), job.pairs, near, strict=True):
            start = text.index(word)
            found = (Attribution("text", word, 1.0, (start, start + len(word))),)
            names = job.model.labels
            why = f"because of {word}"
            out.append(Explanation(names[column], names[other], "own", why, found, alike))
        return out

    return explain


def explaining(explain: Explainer, nearest: Any = None, **changes: Any) -> Scorer:
    spec: ExplainerSpec[Any] = ExplainerSpec(name="own", summary="own", explain=explain)
    return scorer(explain=DecisionExplainer(spec, EmptyConfig(), nearest), **changes)


def page(*incidents: Incident) -> IncidentPage:
    return IncidentPage(incidents, "1")


def reasons(detections: Sequence[Detection]) -> list[str | None]:
    return [None if (why := each.explanation) is None else why.text for each in detections]


class TestDetections:
    def test_say_why_they_were_made(self) -> None:
        found = score_page(
            page(incident(1, "spam"), incident(2, "hello")), explaining(finds("spam"))
        )
        (only,) = found.detections
        assert only.explanation == Explanation(
            "spam", "ham", "own", "because of spam", (Attribution("message", "spam", 1.0, (0, 4)),)
        )
        assert found.unexplained == 0

    def test_are_the_same_without_an_explainer(self) -> None:
        given = page(incident(1, "a spam"), incident(2, "hello"))
        with_reasons = score_page(given, explaining(finds("spam")))
        plain = score_page(given, scorer())
        assert replace(with_reasons.detections[0], explanation=None) == plain.detections[0]

    def test_only_what_is_pushed_is_explained(self) -> None:
        asked: list[int] = []

        def counts(config: EmptyConfig, job: ExplainJob) -> Sequence[Explanation]:
            asked.append(len(job.batch))
            return finds("spam")(config, job)

        def suppress(detection: Detection) -> Suppression | None:
            return Suppression("known") if detection.incident_uid == "incident 1" else None

        given = page(
            *(incident(n, text) for n, text in enumerate(("ham", "spam", "spam x", "ham")))
        )
        found = score_page(given, explaining(counts, suppress=suppress))
        assert asked == [1]
        assert reasons(found.detections) == ["because of spam"]
        assert len(found.suppressed) == 1

    def test_one_that_cannot_be_explained_goes_out(self) -> None:
        found = score_page(
            page(incident(1, "spam a"), incident(2, "virus"), incident(3, "spam b")),
            explaining(finds("spam")),
        )
        assert reasons(found.detections) == ["because of spam", None, "because of spam"]
        assert found.unexplained == 1

    @pytest.mark.parametrize(
        "explain", [lambda _config, _job: [], lambda _config, job: ["why"] * len(job.batch)]
    )
    def test_a_wrong_answer_loses_no_detection(self, explain: Any) -> None:
        found = score_page(page(incident(1, "spam")), explaining(explain))
        assert reasons(found.detections) == [None]
        assert found.unexplained == 1


class TestFields:
    @pytest.mark.parametrize(
        ("fields", "name", "span"),
        [
            ({"subject": "\U0001f600 hi", "message": "a\r\nspam"}, "message", (3, 7)),
            ({"subject": "spam", "message": "x"}, "subject", (0, 4)),
            ({"message": "spam"}, "message", (0, 4)),
            ({"body": "e\u0301 spam"}, "body", (3, 7)),
            ({"subject": ["spam", "x"], "message": "y"}, "text", None),
        ],
    )
    def test_a_span_is_of_its_field(
        self, fields: dict[str, Any], name: str, span: tuple[int, int] | None
    ) -> None:
        own = explaining(
            finds("spam"), task=TWO_FIELDS, render=lambda one: read_inputs(one, TWO_FIELDS)
        )
        (found,) = score_page(page(Incident("1", fields)), own).detections
        assert found.explanation is not None
        (attribution,) = found.explanation.attributions
        if span is not None:
            assert (attribution.input, attribution.span) == (name, span)
            assert fields[name][slice(*span)] == "spam"
        else:
            assert attribution.input == "text"


class TestBounds:
    def test_long_and_odd_words_are_shown_safely(self) -> None:
        def explain(_config: EmptyConfig, job: ExplainJob) -> list[Explanation]:
            found = tuple(Attribution("text", "\x1b[2J" * 99, float(n), (0, 2)) for n in range(500))
            near = (Neighbour("E1", "spam", 0.5, ("ana\u202e",)),) * 90
            return [Explanation("spam", "ham", "own", "x\n" * 9999, found, near, ("\x00",))]

        (found,) = score_page(page(incident(1, "spam")), explaining(explain)).detections
        why = found.explanation
        assert why is not None
        assert (len(why.text), len(why.attributions), len(why.neighbours)) == (600, 100, 20)
        every = (why.text, why.flip[0], why.attributions[0].words, *why.neighbours[0].analysts)
        assert all(text.isprintable() for text in every)


class TestPairs:
    @pytest.mark.parametrize(
        ("text", "benign", "pair"),
        [
            ("virus spam virus", "ham", ("virus", "ham")),
            ("hello", "ham", ("ham", "spam")),
            ("virus spam virus", None, ("virus", "spam")),
        ],
    )
    def test_are_decision_and_what_is_against(
        self, text: str, benign: str | None, pair: tuple[str, str]
    ) -> None:
        seen: list[tuple[str, str]] = []

        def explain(_config: EmptyConfig, job: ExplainJob) -> list[Explanation]:
            names = job.model.labels
            seen.extend((names[a], names[b]) for a, b in job.pairs)
            return [Explanation(*seen[-1], "own", "so")]

        own = explaining(explain, task=TaskSpec.of_text("mail", ("message",), TASK.labels, benign))
        decisions = list(decide_page(rate_page(page(incident(1, text)), own), own))
        assert own.explain is not None
        own.explain(decisions, own)
        assert seen == [pair]


class TestAsked:
    def test_an_error_is_told(self) -> None:
        own = explaining(finds("prize"))
        decisions = list(decide_page(rate_page(page(incident(1, "spam")), own), own))
        assert isinstance(own.explain, DecisionExplainer)
        with pytest.raises(PluginError, match="explainer 'own' failed: ValueError"):
            own.explain.asked(decisions, own)

    def test_scores_of_variants_are_not_remembered(self) -> None:
        def explain(config: EmptyConfig, job: ExplainJob) -> Sequence[Explanation]:
            from sftsec_core.api.domain import Batch

            job.proba(Batch.of_texts(["never seen"]))
            return finds("spam")(config, job)

        own = explaining(explain)
        score_page(page(incident(1, "spam")), own)
        digests, _ = own.known.snapshot()
        assert len(digests) == 1


class TestReview:
    def test_requests_say_what_the_model_goes_by(self) -> None:
        decider = ThresholdDecider(Threshold(0.9, "fixed", 0.9), 0, review_from=0.5)
        own = explaining(finds("spam"), decider=decider)
        (found,) = score_page(page(incident(1, "one spam")), own).review
        assert found.explanation is not None
        assert found.explanation.attributions[0].span == (4, 8)


class TestNearest:
    def test_is_asked_for_the_rows(self) -> None:
        near = (Neighbour("E1", "spam", 0.9),)
        own = explaining(finds("spam"), lambda batch, count: [near[:count]] * len(batch))
        (found,) = score_page(page(incident(1, "spam")), own).detections
        assert found.explanation is not None
        assert found.explanation.neighbours == near


class Offers:
    """A plugin with one explainer."""

    @hookimpl
    def sftsec_register_explainers(self) -> Sequence[ExplainerSpec[Any]]:
        return [ExplainerSpec(name="own", summary="own", explain=finds("spam"))]


class TestOffers:
    def test_are_found_by_name(self) -> None:
        plugins = Plugins.of_modules(Offers())
        assert [*plugins.specs(ExplainerSpec)] == ["own"]
