from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from sftsec_core.api.domain import InputField, InputKind, TaskSpec, Threshold
from sftsec_core.api.errors import IntegrityError
from sftsec_core.registry.serving import Serving
from tests.core.evaluation.rote_models import BINARY, report_of, served_with

PARTS = served_with(1.3, Threshold(0.7, "fpr", 0.001))


SERVING = Serving(
    task=TaskSpec.of_text("web", ("url.full", "host"), ("benign", "xss"), "benign", "case.id"),
    recipe="hybrid",
    calibrator=PARTS.saved_calibrator,
    decider=PARTS.saved_decider,
    max_length=128,
    keep=("source.ip",),
    steps={"normalise": {"form": "NFKC"}},
)


def test_what_scoring_needs_survives_its_file() -> None:
    assert Serving.from_json(SERVING.to_json()) == SERVING
    text = InputField("text", InputKind.TEXT, ("url.full",), fallback=("message",))
    serving = replace(SERVING, task=replace(SERVING.task, inputs=(text,)))
    assert Serving.from_json(serving.to_json()) == serving


def test_calibrator_and_decider_are_the_candidates() -> None:
    report = report_of(skills=(1.0, 1.0))
    serving = Serving.of(report, BINARY)
    assert serving.decider == report.candidate.decider
    assert serving.decider.state["threshold"] == asdict(report.candidate.threshold)
    assert serving.calibrator.state == {"temperature": report.candidate.temperature}


@pytest.mark.parametrize(
    "change",
    [{"format": 4}, {"colour": "red"}, {"task": []}, {"decider": {"value": 0.5}}],
)
def test_a_file_of_another_form_is_refused(change: dict[str, object]) -> None:
    body = json.loads(SERVING.to_json()) | change
    with pytest.raises(IntegrityError, match=r"serving\.json"):
        Serving.from_json(json.dumps(body))


def test_format_1_gives_temperature_and_threshold() -> None:
    body = json.loads(SERVING.to_json())
    del body["calibrator"], body["decider"], body["render"], body["plugins"], body["by_content"]
    threshold = {"value": 0.7, "method": "fpr", "target": 0.001}
    old = {**body, "format": 1, "temperature": 1.3, "threshold": threshold}
    assert Serving.from_json(json.dumps(old)) == replace(SERVING, by_content=False)


def test_format_2_names_the_incident_alone() -> None:
    body = json.loads(SERVING.to_json()) | {"format": 2}
    del body["by_content"]
    assert Serving.from_json(json.dumps(body)) == replace(SERVING, by_content=False)


def test_format_1_without_its_threshold_is_refused() -> None:
    body = json.loads(SERVING.to_json()) | {"format": 1, "temperature": 1.3}
    with pytest.raises(IntegrityError, match=r"serving\.json is damaged"):
        Serving.from_json(json.dumps(body))
