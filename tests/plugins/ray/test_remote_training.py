from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api import TrainSettings
from sftsec_core.testing import make_order
from sftsec_ray.files import RESULTS
from sftsec_ray.remote_training import OUT
from sftsec_ray.transfer import ResultsMirror, send_folder
from tests.core.recipes.tiny_encoder import make_tiny_encoder
from tests.plugins.ray.in_process import InProcess


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[InProcess]:
    made = InProcess(tmp_path / "node")
    yield made
    made.call("stop", 5.0)
    made.call("remove")


def followed(worker: InProcess) -> tuple[int, list[dict[str, Any]], str]:
    """The exit code of what was started, its events, and what it said besides."""
    events, said = [], ""
    while True:
        given = json.loads(worker.call("poll", 1.0))
        for kind, line in given["lines"]:
            if kind == OUT:
                events.append(json.loads(line))
            else:
                said += line
        if given["code"] is not None:
            return given["code"], events, said


class TestRemoteTraining:
    def test_carries_out_what_was_sent(self, worker: InProcess, tmp_path: Path) -> None:
        order = make_order(tmp_path / "run")
        send_folder(worker, order.folder, ["examples"], 10**9)
        worker.call("start", json.dumps(order.to_json()), False)
        code, events, _ = followed(worker)
        assert code == 0
        assert [event["event"] for event in events] == ["stage_started", "stage_finished"]
        assert (worker.folder / "fitted/linear/fit.json").is_file()
        assert not (order.folder / "fitted").exists()

    def test_reads_a_shared_folder_in_place(self, worker: InProcess, tmp_path: Path) -> None:
        order = make_order(tmp_path / "run")
        worker.call("start", json.dumps(order.to_json()), True)
        assert followed(worker)[0] == 0
        assert (worker.folder / "fitted/linear/fit.json").is_file()
        assert not (order.folder / "fitted").exists()

    def test_says_how_a_process_was_killed(self, worker: InProcess, tmp_path: Path) -> None:
        order = make_order(tmp_path / "run")
        worker.call("start", json.dumps(order.to_json()), True)
        assert worker.remote._process is not None
        os.kill(worker.remote._process.pid, signal.SIGKILL)
        assert followed(worker)[0] == -signal.SIGKILL

    def test_leaves_nothing_behind(self, worker: InProcess, tmp_path: Path) -> None:
        order = make_order(tmp_path / "run")
        worker.call("start", json.dumps(order.to_json()), True)
        worker.call("stop", 5.0)
        assert worker.remote._process is not None
        assert worker.remote._process.poll() is not None
        worker.call("remove")
        assert not worker.folder.exists()
        assert (order.folder / "examples" / "train.parquet").exists()


class TestCheckpoint:
    def test_of_a_stopped_worker_is_resumed(self, worker: InProcess, tmp_path: Path) -> None:
        encoder = make_tiny_encoder(tmp_path / "encoder")
        recipe = {"name": "full", "encoder": encoder.model_dump(mode="json"), "epochs": 200}
        settings = TrainSettings.model_validate({"recipe": {**recipe, "patience": 0}})
        order = make_order(tmp_path / "run", "full")
        order = replace(order, settings=settings.model_dump(mode="json"), device="cpu")
        mirror = ResultsMirror(worker, order.folder, 10**9)
        worker.call("start", json.dumps(order.to_json()), True)
        until_training(worker)
        worker.call("stop", 60.0)
        mirror.update(0)
        (left,) = order.folder.glob("work/full/**/trainer_state.json")
        step = json.loads(left.read_text())["global_step"]
        second = InProcess(tmp_path / "other")
        send_folder(second, order.folder, RESULTS, 10**9)
        second.call("start", json.dumps(order.to_json()), True)
        resumed = until_training(second)
        second.call("stop", 60.0)
        second.call("remove")
        assert 0 < step < resumed


def until_training(worker: InProcess) -> int:
    """Wait for figures of a training step and give its number."""
    while True:
        given = json.loads(worker.call("poll", 1.0))
        for kind, line in given["lines"]:
            if kind == OUT and json.loads(line)["event"] == "training_step":
                return int(json.loads(line)["step"])
        assert given["code"] is None, given
