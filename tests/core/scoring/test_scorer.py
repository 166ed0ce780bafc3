"""Scoring a page: cleaned, rendered, calibrated and decided as in training."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.api.domain import (
    Batch,
    Detection,
    Incident,
    IncidentPage,
    Rejection,
    Suppression,
    TaskSpec,
    Threshold,
    detection_uid,
    inputs_digest,
)
from sftsec_core.api.errors import IntegrityError, PluginError
from sftsec_core.scoring.scorer import Scorer, rate_page, rate_pages, score, score_page
from tests.core.evaluation.rote_models import served_with
from tests.core.scoring.parts import TASK, WordModel, incident, message, read, scorer


def page(*incidents: Incident, rejected: tuple[Rejection, ...] = ()) -> IncidentPage:
    return IncidentPage(incidents, "cursor", rejected)


def _fails_on_poison(value: Any) -> Any:
    texts = [message(one) for one in value] if isinstance(value, tuple | list) else [message(value)]
    if any("poison" in text for text in texts):
        raise RuntimeError("the secret words of the record")
    return value if isinstance(value, tuple | list) else read(value)


class NanModel(WordModel):
    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        texts = batch.text()
        found = super().predict_proba(batch)
        found[[number for number, text in enumerate(texts) if "poison" in text]] = np.nan
        return found


class FlatModel(WordModel):
    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        texts = batch.text()
        return np.ones(len(texts))


class TestDetections:
    def test_carry_the_reason_and_kept_fields(self) -> None:
        at = datetime(2026, 1, 31, tzinfo=UTC)
        found = replace(incident(1, "virus virus spam", host="h1", noise="x"), at=at)
        scored = score_page(page(found, incident(2, "hello")), scorer(keep=("host", "missing")))
        (detection,) = scored.detections
        assert detection == Detection(
            uid=detection_uid("d" * 64, "incident 1", inputs_digest({"text": "virus virus spam"})),
            incident_uid="incident 1",
            task="mail",
            model_digest="d" * 64,
            label="virus",
            probability=0.9,
            threshold=0.5,
            top_classes=(("virus", 0.6), ("spam", 0.3), ("ham", 0.1)),
            at=at,
            fields={"message": "virus virus spam", "host": "h1"},
            labels=("virus",),
        )
        assert (scored.pulled, scored.scored, scored.cursor) == (2, 2, "cursor")

    def test_other_content_of_one_incident_is_another(self) -> None:
        pages = [page(incident(1, text)) for text in ("spam", "spam again", "spam")]
        uids = [score_page(each, scorer()).detections[0].uid for each in pages]
        assert uids[0] == uids[2] != uids[1]

    def test_older_model_names_the_incident_alone(self) -> None:
        older = scorer(by_content=False)
        pages = [page(incident(1, text)) for text in ("spam", "spam again")]
        uids = {score_page(each, older).detections[0].uid for each in pages}
        # As version 0.1 named it: what was pushed then is not pushed again.
        assert uids == {hashlib.sha256(b"d" * 64 + b"\0incident 1").hexdigest()[:40]}

    def test_temperature_is_applied_before_the_threshold(self) -> None:
        given = page(incident(1, "spam"))
        (sure,) = score_page(given, scorer(threshold=0.7)).detections
        assert sure.probability == pytest.approx(0.75)
        assert score_page(given, scorer(threshold=0.7, temperature=2.0)).detections == ()

    def test_without_benign_are_of_every_incident(self) -> None:
        task = TaskSpec.of_text("mail", ("message",), ("a", "spam"), benign=None)
        made = scorer(WordModel(task.labels), task=task)
        scored = score_page(page(incident(1, "spam"), incident(2, "hello")), made)
        found = [(one.label, one.probability) for one in scored.detections]
        assert found == [("spam", 0.75), ("a", 1.0)]


class TestBatches:
    def test_are_by_length_without_repeats(self) -> None:
        model = WordModel()
        texts = ["spam" + "x" * 20, "a", "spam", "bb", "spam", "ccc" * 9]
        given = page(*(incident(number, text) for number, text in enumerate(texts)))
        scored = score_page(given, scorer(model, batch=2))
        assert model.asked == [["a", "bb"], ["spam", "spam" + "x" * 20], ["ccc" * 9]]
        assert [one.incident_uid for one in scored.detections] == [
            "incident 0",
            "incident 2",
            "incident 4",
        ]

    def test_of_a_page_are_scored_lazily(self) -> None:
        model = WordModel()
        results = score((page(incident(n, f"spam {n}")) for n in range(1000)), scorer(model))
        next(results)
        assert len(model.asked) == 1

    def test_empty_page_needs_no_model(self) -> None:
        model = WordModel()
        scored = score_page(page(incident(1, "")), scorer(model))
        assert (scored.scored, scored.detections, model.asked) == (0, (), [])


class TestPages:
    def test_together_are_as_each_alone(self) -> None:
        pages = [
            page(incident(0, "spam"), incident(1, "poison"), rejected=(Rejection("x", "odd"),)),
            page(),
            page(incident(0, "hello"), incident(1, ""), incident(2, "spam virus")),
        ]
        model = NanModel()
        together = rate_pages(pages, scorer(model))
        assert len(model.asked) == 1
        for found, alone in zip(
            together, (rate_page(each, scorer()) for each in pages), strict=True
        ):
            assert found.empty == alone.empty
        assert [[one.uid for one, _ in each.rows] for each in together] == [
            ["incident 0"],
            [],
            ["incident 0", "incident 2"],
        ]
        assert [[one.where for one in each.rejected] for each in together] == [
            ["x", "incident 1"], [], [],
        ]  # fmt: skip
        assert together[2].proba.tolist() == rate_page(pages[2], scorer()).proba.tolist()
        assert rate_pages([], scorer()) == []


class TestSteps:
    def test_run_first_and_may_drop_some(self) -> None:
        def redact(incidents: Sequence[Incident]) -> list[Incident]:
            kept = [one for one in incidents if "drop" not in message(one)]
            return [replace(one, fields={"message": "spam <EMAIL>"}) for one in kept]

        scored = score_page(
            page(incident(1, "spam ada@example.org"), incident(2, "drop")), scorer(steps=redact)
        )
        assert [one.fields for one in scored.detections] == [{"message": "spam <EMAIL>"}]
        assert (scored.pulled, scored.scored) == (2, 1)


class TestRejections:
    @pytest.mark.parametrize("part", ["steps", "render"])
    def test_take_a_breaking_record_alone(self, part: str) -> None:
        given = page(incident(1, "spam"), incident(2, "poison"), incident(3, "spam"))
        changes: dict[str, Any] = {part: _fails_on_poison}
        scored = score_page(given, scorer(**changes))
        assert [one.incident_uid for one in scored.detections] == ["incident 1", "incident 3"]
        (rejection,) = scored.rejected
        assert rejection.where == "incident 2"
        assert "RuntimeError" in rejection.reason
        assert "secret words" not in rejection.reason

    def test_of_a_step_are_no_drops(self) -> None:
        refused: list[Rejection] = []

        def steps(incidents: Sequence[Incident]) -> list[Incident]:
            refused.extend(Rejection(each.uid, "no use") for each in incidents[:1])
            return list(incidents[1:])

        def take() -> Sequence[Rejection]:
            taken = list(refused)
            refused.clear()
            return taken

        given = page(incident(1, "spam"), incident(2, "spam"))
        scored = score_page(given, scorer(steps=steps, take_rejected=take))
        assert [one.reason for one in scored.rejected] == ["no use"]
        assert (scored.dropped, scored.scored) == (0, 1)

    def test_follow_the_pages_own(self) -> None:
        bad = Rejection("mail.jsonl:3", "not JSON")
        given = page(incident(1, "spam"), incident(2, "poison"), rejected=(bad,))
        scored = score_page(given, scorer(NanModel()))
        assert [one.where for one in scored.rejected] == ["mail.jsonl:3", "incident 2"]
        assert len(scored.detections) == 1


class TestModel:
    def test_breaking_its_contract_ends_the_run(self) -> None:
        with pytest.raises(PluginError, match=r"shape \(1,\) for 1 rows and 3 labels"):
            score_page(page(incident(1, "spam")), scorer(FlatModel()))

    def test_of_other_labels_is_refused(self) -> None:
        with pytest.raises(IntegrityError, match="answers ham, spam, but task 'mail' asks for"):
            scorer(WordModel(TASK.labels[:2]))


class TestSuppression:
    def test_keeps_the_detection_with_a_reason(self) -> None:
        def window(detection: Detection) -> Suppression | None:
            return Suppression("maintenance") if detection.incident_uid == "incident 1" else None

        scored = score_page(page(incident(1, "spam"), incident(2, "spam")), scorer(suppress=window))
        assert [one.incident_uid for one in scored.detections] == ["incident 2"]
        assert [(one.incident_uid, why) for one, why in scored.suppressed] == [
            ("incident 1", "maintenance")
        ]

    def test_that_fails_lets_detections_pass(
        self,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def broken(detection: Detection) -> Suppression | None:
            raise RuntimeError(detection.uid)

        scored = score_page(page(incident(1, "spam")), scorer(suppress=broken))
        assert len(scored.detections) == 1
        assert "is pushed" in caplog.text


class TestOf:
    def test_takes_parts_of_a_registered_model(self) -> None:
        from types import SimpleNamespace

        parts = served_with(2.0, Threshold(0.7, "fixed"))
        loaded: Any = SimpleNamespace(
            serving=SimpleNamespace(task=TASK, keep=("host",), by_content=False),
            parts=parts,
            model=WordModel(),
            ref=SimpleNamespace(digest="e" * 64),
        )
        made = Scorer.of(loaded, steps=lambda incidents: incidents, render=read)
        assert (made.calibrator, made.decider) == (parts.calibrator, parts.decider)
        assert (made.threshold, made.keep, made.by_content) == (0.7, ("host",), False)
        assert made.model_digest == "e" * 64
