"""A training process, its events, its error and its end: played by small programs."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from sftsec_core.api import errors
from sftsec_core.api.domain import Event, StageStarted, TrainingAlive
from sftsec_core.api.errors import (
    DataError,
    IntegrityError,
    TrainingError,
    TrainingInterruptedError,
)
from sftsec_core.sdk import training_process
from sftsec_core.sdk.training_process import (
    error_line,
    error_of,
    follow_training,
    training_command,
)
from sftsec_core.testing import make_order

STARTED = 'print(\'{"event": "stage_started", "stage": "train", "detail": "full"}\', flush=True)\n'


def played(body: str, **env: str) -> list[Event]:
    """Follow a program that says that it begins with `full`, and then does as the body says."""
    events: list[Event] = []
    program = f"import os, signal, sys, time\n{STARTED}{body}"
    follow_training([sys.executable, "-c", program], events.append, {**os.environ, **env})
    return events


class TestFollowTraining:
    def test_passes_on_the_events(self) -> None:
        events = played("print('a recipe may print')")
        assert [type(event) for event in events if not isinstance(event, TrainingAlive)] == [
            StageStarted
        ]

    def test_gives_it_an_environment(self) -> None:
        with pytest.raises(TrainingError, match="exit code 7 while it fitted 'full'"):
            played("sys.exit(int(os.environ['SOME_CODE']))", SOME_CODE="7")

    def test_raises_what_it_reports(self) -> None:
        with pytest.raises(DataError, match="one class"):
            played("""sys.stdout.write('{"error": "DataError", "text": "one class"}')""")

    def test_a_kill_interrupts_the_run(self) -> None:
        with pytest.raises(TrainingInterruptedError, match="SIGKILL while it fitted 'full'"):
            played("os.kill(os.getpid(), signal.SIGKILL)")

    def test_silence_is_reported_as_life(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(training_process, "_ALIVE_S", 0.01)
        events: list[Event] = []

        def until_alive(event: Event) -> None:
            events.append(event)
            if isinstance(event, TrainingAlive):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            follow_training([sys.executable, "-c", "import time; time.sleep(600)"], until_alive)
        assert len(events) == 1

    def test_kills_what_heeds_no_signal(self, tmp_path: Path) -> None:
        program = (
            "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n{STARTED}"
            "time.sleep(600)"
        )

        def stop(event: Event) -> None:
            if isinstance(event, StageStarted):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            follow_training([sys.executable, "-c", program], stop, grace_s=0.01)
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), 0)


class TestTrainingCommand:
    def test_carries_out_an_order(self, tmp_path: Path) -> None:
        order = make_order(tmp_path, "no-such-recipe")
        file = tmp_path / "order.json"
        file.write_text(json.dumps(order.to_json()))
        with pytest.raises(TrainingError, match="unknown recipe 'no-such-recipe'"):
            follow_training(training_command(file), lambda _: None)


class TestErrorLine:
    @pytest.mark.parametrize("name", ["TrainingInterruptedError", "IntegrityError", "ConfigError"])
    def test_is_read_as_the_same_class(self, name: str) -> None:
        given = getattr(errors, name)("what to do")
        read = error_of(error_line(given))
        assert type(read) is type(given)
        assert str(read) == "what to do"

    def test_of_another_error_names_its_type(self) -> None:
        read = error_of(error_line(ZeroDivisionError("by\nzero")))
        assert type(read) is TrainingError
        assert str(read) == "ZeroDivisionError: by zero"

    def test_is_no_way_to_any_class(self) -> None:
        assert type(error_of({"error": "annotations", "text": "x"})) is TrainingError
        assert not isinstance(error_of({"error": "NotFoundError", "text": "x"}), IntegrityError)
