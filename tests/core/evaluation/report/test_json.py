from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from sftsec_core.api.domain import EvalReport, LeakCheck, Split
from sftsec_core.api.errors import DataError, IntegrityError
from sftsec_core.evaluation.evaluate import add_sections
from sftsec_core.evaluation.report.json import from_json, to_json
from tests.core.evaluation.rote_models import TECHNIQUES, examples, report_of, split_of


def reports() -> list[EvalReport]:
    awkward = {"span": (datetime(2026, 1, 1, tzinfo=UTC), None), "n": np.int64(3)}
    tiny = Split(examples("train", [0, 1]), [], examples("test", [0], text="<b>\ud800\u202e"))
    return [
        report_of(data=awkward | {"folder": Path("a/b")}),
        report_of(TECHNIQUES, split_of(TECHNIQUES, 60)),
        report_of(split=tiny),
    ]


def as_version_1(report: EvalReport) -> str:
    """The report as the first version of the format wrote it."""
    body = json.loads(to_json(report))
    del body["leaks"], body["sections"]
    body["data"]["leaks"] = 0
    for scores in (body["candidate"], *body["others"].values()):
        del scores["decider"], scores["actions"]
        scores["temperature"] = scores.pop("calibrator")["state"]["temperature"]
        scores["cost"] = scores.pop("inference_cost")
    return json.dumps(body | {"version": 1})


def test_report_comes_back_equal() -> None:
    for report in reports():
        text = to_json(report)
        assert from_json(text) == report
        assert to_json(from_json(text)) == text


def test_the_file_says_what_it_is_first() -> None:
    body = json.loads(to_json(reports()[0]))
    assert list(body)[:3] == ["schema", "version", "task"]
    assert list(body["candidate"]["per_class"]) == ["benign", "phishing"]


def test_unwritable_data_is_refused_when_writing() -> None:
    report = report_of(data={"odd": float("nan")})
    with pytest.raises(DataError, match="cannot be written as JSON"):
        to_json(report)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not a report"),
        ("[]", "not a report"),
        ('{"schema": "other"}', "not a report"),
        ('{"schema": "sftsec.eval-report", "version": 3}', "of version 3"),
        ('{"schema": "sftsec.eval-report", "version": 2}', "damaged"),
    ],
)
def test_anything_else_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(IntegrityError, match=complaint):
        from_json(text)


def test_unknown_key_is_refused_not_dropped() -> None:
    body = json.loads(to_json(reports()[0])) | {"colour": "red"}
    with pytest.raises(IntegrityError, match="colour"):
        from_json(json.dumps(body))


def test_version_1_is_read() -> None:
    for report in reports():
        read = from_json(as_version_1(report))
        assert read.leaks == LeakCheck(checked=True)
        assert read.candidate.calibrator == report.candidate.calibrator
        assert read.candidate.decider == report.candidate.decider
        assert read.candidate.inference_cost == report.candidate.inference_cost
        assert read.candidate.actions == {}
        assert read.data == report.data
        assert from_json(to_json(read)) == read


def test_sections_of_audits_survive_the_file() -> None:
    report = add_sections(reports()[0], {"drift": {"psi": np.float64(0.25), "fields": ("a", "b")}})
    assert from_json(to_json(report)) == report
    assert report.sections == {"drift": {"psi": 0.25, "fields": ["a", "b"]}}
