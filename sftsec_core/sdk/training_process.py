"""Start what carries out an order, follow its events, and end it: what launchers share.

The process prints events as JSON lines and, where it fails, one line of the error; its standard
input is a pipe whose end tells it that this process is gone.
"""

from __future__ import annotations

import json
import logging
import os
import selectors
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from sftsec_core.api import errors
from sftsec_core.api.domain import StageStarted, TrainingAlive, event_from_json
from sftsec_core.api.errors import SftsecError, TrainingError, TrainingInterruptedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sftsec_core.api.domain import Event

ERROR = "error"
_CHILD = "sftsec_core.recipes.launch.child"
_GRACE_S = 10
_ALIVE_S = 2.0
_BLOCK = 65536
log = logging.getLogger(__name__)


def training_command(order: Path) -> list[str]:
    """The command that carries out the order in a file, on this machine, and prints its events."""
    return [sys.executable, "-P", "-m", _CHILD, str(order)]


def follow_training(
    command: Sequence[str],
    emit: Callable[[Event], None],
    env: Mapping[str, str] | None = None,
    grace_s: float = _GRACE_S,
) -> None:
    """Run a command that trains and pass on its events; it ends with this call.

    Args:
        command: prints events and at most one error, as `training_command` does.
        emit: takes the events, and `TrainingAlive` each two seconds without one.
        env: its environment; by default this process's.
        grace_s: how long it may take to end when `emit` raises, before it is killed.

    Raises:
        SftsecError: what the process reports, as the same class.
        TrainingInterruptedError: when it was killed.
        TrainingError: when it ended otherwise than with success, and said nothing.
    """
    under_way = ""
    problem: dict[str, Any] | None = None
    with _started(command, env, grace_s) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        for line in _lines(process.stdout):
            if line is None:
                emit(TrainingAlive())
                continue
            values = read_line(line)
            if ERROR in values:
                problem = values
            elif values:
                event = event_from_json(values)
                under_way = event.detail if isinstance(event, StageStarted) else under_way
                emit(event)
        code = process.wait()
    if problem is not None:
        raise error_of(problem)
    if code != 0:
        raise death_of(code, under_way)


def read_line(line: bytes | str) -> dict[str, Any]:
    """The values of a line of such a process; none where it is no JSON object."""
    try:
        values = json.loads(line)
    except ValueError:
        log.debug("the training process printed %r", line)
        return {}
    return values if isinstance(values, dict) else {}


def error_line(error: Exception) -> dict[str, str]:
    """The line by which such a process reports an error, as JSON values."""
    ours = isinstance(error, SftsecError)
    text = str(error) if ours else f"{type(error).__name__}: {error}"
    return {ERROR: type(error).__name__, "text": " ".join(text.split())}


def error_of(problem: Mapping[str, Any]) -> SftsecError:
    """The error that the process reported, as the class that it had there."""
    text, kind = str(problem.get("text")), getattr(errors, str(problem[ERROR]), None)
    simple = (
        *(errors.TrainingError, errors.TrainingInterruptedError, errors.DataError),
        *(errors.PluginError, errors.IntegrityError, errors.ConfigError),
    )
    return kind(text) if kind in simple else TrainingError(text)


def death_of(code: int, recipe: str) -> TrainingError:
    """The error of a process that ended with a code other than 0, and said nothing."""
    during = f" while it fitted {recipe!r}" if recipe else ""
    if code >= 0:
        return TrainingError(f"the training process ended with exit code {code}{during}")
    name = signal.Signals(-code).name
    hint = ", perhaps for want of memory" if name == "SIGKILL" else ""
    return TrainingInterruptedError(
        f"the training process was ended by {name}{during}{hint}; run the same command again to "
        "resume"
    )


def end_process(process: subprocess.Popen[bytes], grace_s: float = _GRACE_S) -> None:
    """End a process, with SIGKILL where SIGTERM has not ended it after `grace_s`."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(grace_s)
        except subprocess.TimeoutExpired:
            process.kill()
            _wait_for_end(process)


@contextmanager
def _started(
    command: Sequence[str], env: Mapping[str, str] | None, grace_s: float
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the process; end it with the body, whatever ends that."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=None if env is None else {**env}
    )
    try:
        yield process
    finally:
        end_process(process, grace_s)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _wait_for_end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that was killed; one that a dead GPU's driver holds may never end."""
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        log.warning("the training process %d does not end", process.pid)


def _lines(pipe: IO[bytes]) -> Iterator[bytes | None]:
    """The lines of a pipe as they come; None each time that none came for a while."""
    rest = b""
    with selectors.DefaultSelector() as waiting:
        waiting.register(pipe, selectors.EVENT_READ)
        while True:
            if not waiting.select(_ALIVE_S):
                yield None
                continue
            block = os.read(pipe.fileno(), _BLOCK)
            *lines, rest = (rest + block).split(b"\n")
            yield from lines
            if not block:
                break
    if rest:
        yield rest
