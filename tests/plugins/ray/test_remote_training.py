from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.testing import make_order
from sftsec_ray.remote_training import OUT
from sftsec_ray.transfer import send_folder
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
