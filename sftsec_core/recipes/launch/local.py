"""The launcher `local`: one process of this machine a run; its crash is an error of the run."""

from __future__ import annotations

import json
import logging
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from sftsec_core.api import errors
from sftsec_core.api.domain import Event, StageStarted, TrainingAlive, event_from_json
from sftsec_core.api.errors import SftsecError, TrainingError, TrainingInterruptedError
from sftsec_core.sdk.atomic import write_atomically

if TYPE_CHECKING:
    from sftsec_core.api.contracts import EmptyConfig, TrainOrder

CHILD = "sftsec_core.recipes.launch.child"
ORDER = "order.json"
_GRACE_S = 10
_ALIVE_S = 2.0
_BLOCK = 65536
log = logging.getLogger(__name__)


def run_locally(_config: EmptyConfig, order: TrainOrder, emit: Callable[[Event], None]) -> None:
    """Fit an order's recipes in a process of its own and pass on its events.

    Raises:
        SftsecError: what the process reports, as the same class.
        TrainingInterruptedError: when it was killed; what it had fitted stays.
    """
    file = order.folder / ORDER
    write_atomically(file, json.dumps(order.to_json()).encode())
    under_way = ""
    problem: dict[str, Any] | None = None
    with _child(str(file)) as child:
        assert child.stdout is not None  # noqa: S101 - it was asked for
        for line in _lines(child.stdout):
            if line is None:
                emit(TrainingAlive())
                continue
            values = _read(line)
            if values is None:
                continue
            if "error" in values:
                problem = values
                continue
            event = event_from_json(values)
            under_way = event.detail if isinstance(event, StageStarted) else under_way
            emit(event)
        code = child.wait()
    if problem is not None:
        raise _as_error(problem)
    if code != 0:
        raise _death(code, under_way)


def start_child(file: str) -> subprocess.Popen[bytes]:
    """Start the training process; a benchmark has one forked instead, whose imports are done."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", CHILD, file],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


@contextmanager
def _child(file: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start the process; end it with the body, whatever ends that."""
    child = start_child(file)
    try:
        yield child
    finally:
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(_GRACE_S)
            except subprocess.TimeoutExpired:
                child.kill()
                _wait_for_end(child)
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()


def _wait_for_end(child: subprocess.Popen[bytes]) -> None:
    """Wait for a process that was killed; one that a dead GPU's driver holds may never end."""
    try:
        child.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        log.warning("the training process %d does not end", child.pid)


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


def _read(line: bytes) -> dict[str, Any] | None:
    try:
        values = json.loads(line)
    except ValueError:
        log.debug("the training process printed %r", line)
        return None
    return values if isinstance(values, dict) else None


def _as_error(problem: dict[str, Any]) -> SftsecError:
    """The error that the process reported, as the class that it had there."""
    text, kind = str(problem["text"]), getattr(errors, str(problem["error"]), None)
    simple = (errors.TrainingError, errors.DataError, errors.PluginError, errors.IntegrityError)
    return kind(text) if kind in simple else TrainingError(text)


def _death(code: int, recipe: str) -> TrainingError:
    during = f" while it fitted {recipe!r}" if recipe else ""
    if code >= 0:
        return TrainingError(f"the training process ended with exit code {code}{during}")
    name = signal.Signals(-code).name
    hint = ", perhaps for want of memory" if name == "SIGKILL" else ""
    return TrainingInterruptedError(
        f"the training process was ended by {name}{during}{hint}; run the same command again to "
        "resume"
    )
