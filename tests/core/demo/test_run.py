"""The demo runs the whole loop and says what came of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from sftsec_core.demo.run import DemoResult, run_demo
from sftsec_core.demo.source import TASK, Source, from_stream
from sftsec_core.operations.authorize import local_admin


def quick(folder: Path, **gate: Any) -> Source:
    """The generated stream, with a recipe that takes seconds."""
    source = from_stream(folder, rows=500, open_rows=200, seed=3)
    settings = yaml.safe_load(source.config.read_text(encoding="utf-8"))
    settings["tasks"][TASK] |= {"train": {"recipe": "linear"}, "gate": gate}
    source.config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return source


def pushed(source: Source) -> list[dict[str, Any]]:
    file = source.config.parent / "detections.jsonl"
    return [orjson.loads(line) for line in file.read_bytes().splitlines()]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Source, DemoResult]:
    source = quick(tmp_path_factory.mktemp("demo"), min_labels=20, on_few_labels="warn")
    return source, run_demo(source, actor=local_admin("cli"))


class TestRunDemo:
    def test_pushes_each_detection_once(self, ran: tuple[Source, DemoResult]) -> None:
        source, result = ran
        assert result.scored is not None
        assert result.scored["scored"] == 200
        assert result.scored["detections"] == result.scored["pushed"] == len(pushed(source)) > 0
        assert result.scored["pushed when everything is scored once more"] == 0

    def test_compares_detections_with_the_truth(self, ran: tuple[Source, DemoResult]) -> None:
        source, result = ran
        uids = {row["sftsec.incident.uid"] for row in pushed(source)}
        attacks = {uid for uid, label in source.truth.items() if label == "malicious"}
        right = len(uids & attacks)
        assert right > len(attacks) / 2
        assert result.scored is not None
        assert result.scored["right among the detections"] == f"{right} of {len(uids)}"
        assert result.scored["attacks found"] == f"{right} of {len(attacks)}"

    def test_result_is_plain_json(self, ran: tuple[Source, DemoResult]) -> None:
        source, result = ran
        said = json.loads(json.dumps(result.to_json()))
        assert said["config"] == str(source.config)
        assert said["score"] == result.scored

    def test_scores_nothing_after_a_rejection(self, tmp_path: Path) -> None:
        source = quick(tmp_path, min_labels=100_000)
        result = run_demo(source, actor=local_admin("cli"))
        assert result.scored is None
        assert result.to_json()["score"] is None
        assert not (tmp_path / "detections.jsonl").exists()
