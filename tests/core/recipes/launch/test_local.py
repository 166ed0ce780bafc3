"""Training in a process of its own: its events, its errors and its death reach the parent."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from sftsec_core.api.contracts import EmptyConfig
from sftsec_core.api.domain import Event, StageFinished, StageStarted, TrainingAlive
from sftsec_core.api.errors import (
    DataError,
    IntegrityError,
    TrainingError,
    TrainingInterruptedError,
)
from sftsec_core.recipes.launch.fit import is_fitted
from sftsec_core.recipes.launch.local import run_locally
from sftsec_core.recipes.launch.places import EXAMPLES
from sftsec_core.sdk import training_process
from tests.core.recipes.launch.orders import order

PATIENCE_S = 200


# Plays the training process: says that it begins with `full`, then does what the test asks.
CHILD = """
import json, os, signal, sys, time
print("a recipe may print", flush=True)
print(json.dumps({{"event": "stage_started", "stage": "train", "detail": "full"}}), flush=True)
open({pid!r}, "w").write(str(os.getpid()))
{body}
"""


def run(folder: Path, *recipes: str) -> list[Event]:
    """Carry out an order and return its events, but for those of a slow machine."""
    events: list[Event] = []
    run_locally(EmptyConfig(), order(folder, *recipes), events.append)
    return [event for event in events if not isinstance(event, TrainingAlive)]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Put a program in the place of the training process."""

    def put(body: str) -> Path:
        pid = tmp_path / "pid"
        (tmp_path / "played_child.py").write_text(CHILD.format(pid=str(pid), body=body))
        monkeypatch.setenv(
            "PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        )
        monkeypatch.setattr(training_process, "CHILD", "played_child")
        return pid

    return put


def _children_of(parent: int, name: str) -> list[str]:
    listed = subprocess.run(
        ["ps", "-o", "args=", "--ppid", str(parent)], capture_output=True, text=True, check=False
    )
    return [line for line in listed.stdout.splitlines() if name in line]


class TestRunLocally:
    def test_fits_in_another_process(self, tmp_path: Path) -> None:
        events = run(tmp_path, "linear")
        assert is_fitted(tmp_path, "linear")
        assert [type(event) for event in events] == [StageStarted, StageFinished]
        assert all(event.at is None for event in events)

    def test_raises_the_error_of_the_process(self, tmp_path: Path) -> None:
        with pytest.raises(TrainingError, match="unknown recipe 'lineer'"):
            run(tmp_path, "lineer")

    def test_keeps_the_class_of_the_error(self, tmp_path: Path) -> None:
        given = order(tmp_path, "linear")
        (tmp_path / EXAMPLES / "train.parquet").unlink()
        with pytest.raises(IntegrityError, match="cannot be read"):
            run_locally(EmptyConfig(), given, lambda _: None)

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL while it fitted 'full', perhaps for"),
            ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV while it fitted 'full'"),
        ],
    )
    def test_a_killed_process_interrupts_the_run(
        self, tmp_path: Path, play: object, body: str, message: str
    ) -> None:
        play(body)  # type: ignore[operator]
        with pytest.raises(TrainingInterruptedError, match=message):
            run(tmp_path, "full")

    def test_a_silent_process_is_reported_alive(
        self, tmp_path: Path, play: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(training_process, "_ALIVE_S", 0.05)
        play("time.sleep(600)")  # type: ignore[operator]
        alive: list[Event] = []

        def lose_the_gpu(event: Event) -> None:
            if isinstance(event, TrainingAlive):
                alive.append(event)
            if len(alive) == 2:
                raise TrainingInterruptedError("the GPU was lost")

        with pytest.raises(TrainingInterruptedError, match="the GPU was lost"):
            run_locally(EmptyConfig(), order(tmp_path, "full"), lose_the_gpu)
        assert _children_of(os.getpid(), "played_child") == []

    def test_an_unended_last_line_is_read(self, tmp_path: Path, play: object) -> None:
        play("sys.stdout.write(json.dumps({'error': 'DataError', 'text': 'one class'}))")  # type: ignore[operator]
        with pytest.raises(DataError, match="one class"):
            run(tmp_path, "full")

    def test_silent_exit_is_an_error(self, tmp_path: Path, play: object) -> None:
        play("sys.exit(5)")  # type: ignore[operator]
        with pytest.raises(TrainingError, match="exit code 5 while it fitted 'full'"):
            run(tmp_path, "full")

    def test_an_interruption_ends_the_process(self, tmp_path: Path, play: object) -> None:
        pid = play("time.sleep(600)")  # type: ignore[operator]

        def interrupt(_event: Event) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run_locally(EmptyConfig(), order(tmp_path, "full"), interrupt)
        deadline = time.monotonic() + PATIENCE_S
        while not pid.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
            if not _children_of(os.getpid(), "played_child"):
                break
        assert _children_of(os.getpid(), "played_child") == []
