from __future__ import annotations

import json

import pytest

from sftsec_core.api.domain import TaskSpec, Threshold
from sftsec_core.api.errors import IntegrityError
from sftsec_core.registry.serving import Serving
from tests.core.evaluation.rote_models import BINARY, report_of

SERVING = Serving(
    task=TaskSpec("web", ("url.full", "host"), ("benign", "xss"), "benign", "case.id"),
    recipe="hybrid",
    temperature=1.3,
    threshold=Threshold(0.7, "fpr", 0.001),
    max_length=128,
    keep=("source.ip",),
    steps={"normalise": {"form": "NFKC"}},
)


def test_what_scoring_needs_survives_its_file() -> None:
    assert Serving.from_json(SERVING.to_json()) == SERVING


def test_calibration_and_threshold_come_from_the_candidates_report() -> None:
    report = report_of(skills=(1.0, 1.0))
    serving = Serving.of(report, BINARY)
    assert serving.threshold == report.candidate.threshold
    assert serving.temperature == report.candidate.temperature
    assert serving.benign_column() == 0


@pytest.mark.parametrize(
    "change",
    [{"format": 2}, {"temperature": None, "colour": "red"}, {"task": []}, {"threshold": {}}],
)
def test_a_file_of_another_form_is_refused(change: dict[str, object]) -> None:
    body = json.loads(SERVING.to_json()) | change
    with pytest.raises(IntegrityError, match=r"serving\.json"):
        Serving.from_json(json.dumps(body))
