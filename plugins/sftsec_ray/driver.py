"""The process that talks to the cluster: `python -P -m sftsec_ray.driver ORDER.json SETTINGS`.

Ray takes a process for itself: handlers of signals, threads, a state of its own. So the run's
process starts this one, which prints events as the training process of `local` does, and ends with
its standard input, as that one does.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sftsec_core.api import Event, Message, SftsecError, TrainingInterruptedError, TrainOrder
from sftsec_core.sdk.training_process import ERROR, death_of, error_line, read_line
from sftsec_ray.cluster import connected
from sftsec_ray.config import RayLauncherSettings
from sftsec_ray.files import EXAMPLES, RESULTS
from sftsec_ray.remote_training import OUT
from sftsec_ray.same_versions import require_same_versions, versions_here
from sftsec_ray.transfer import ResultsMirror, send_file, send_folder
from sftsec_ray.worker import NodeWorker, WorkerLostError

if TYPE_CHECKING:
    from types import FrameType

STOP_S = 30
"""How long a training may take to leave a checkpoint and the driver to fetch it."""
_POLL_S = 1.0
_SETTLED_S = 1.0
_KEYS = "keys.json"


def main() -> None:
    """Carry out the order in the file that is named; exit as the error says."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C: the parent ends this process
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    lines = EventLines(_take_stdout())
    order = TrainOrder.from_json(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    settings = RayLauncherSettings.model_validate_json(sys.argv[2])
    try:
        carry_out(order, settings, lines)
    except Exception as error:  # noqa: BLE001 - any failure is reported to the parent
        if not isinstance(error, SftsecError):
            import traceback

            traceback.print_exception(error)
        lines.write(error_line(error))
        sys.exit(1)


class EventLines:
    """The driver's standard output: a JSON object a line."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def write(self, values: dict[str, Any]) -> None:
        """Write a line."""
        self._out.write(json.dumps(values, default=str) + "\n")
        self._out.flush()

    def event(self, event: Event) -> None:
        """Write an event of the driver's own."""
        self.write(event.to_json())


def carry_out(order: TrainOrder, settings: RayLauncherSettings, lines: EventLines) -> None:
    """Have a worker carry out an order, and another one where it dies.

    Raises:
        SftsecError: what the training process reports.
        TrainingInterruptedError: when more workers died than may; what came back stays.
    """
    with connected(settings, {"cpus": settings.cpus, "gpus": settings.gpus}) as ray:
        signal.signal(signal.SIGTERM, _stop)  # Ray has put its own there
        for lost in range(settings.replacements + 1):
            try:
                with NodeWorker(ray, settings) as worker:
                    return _carry_out_once(order, settings, worker, lines)
            except WorkerLostError as error:
                last = error
                if lost < settings.replacements:
                    left = f"{lost + 1} of at most {settings.replacements}"
                    lines.event(Message(text=f"{error}; another worker resumes ({left})"))
    raise TrainingInterruptedError(
        f"{settings.replacements + 1} workers of the Ray cluster died, the last one: {last}; run "
        "the same command again to resume"
    )


def _carry_out_once(
    order: TrainOrder, settings: RayLauncherSettings, worker: NodeWorker, lines: EventLines
) -> None:
    waiting = settings.wait.total_seconds()
    there = json.loads(worker.call("describe", json.dumps(order.plugins), within_s=waiting))
    require_same_versions(versions_here(order.plugins), there["versions"], there["host"])
    lines.event(Message(text=f"on node {there['host']}, process {there['pid']}"))
    parts = RESULTS if settings.shared else (EXAMPLES, *RESULTS)
    send_folder(worker, order.folder, parts, settings.most)
    if order.state is not None and order.state_key is not None and not settings.shared:
        send_file(worker, order.state / _KEYS, _KEYS)
    device = order.device or (None if settings.gpus else "cpu")
    given = json.dumps(replace(order, device=device).to_json())
    mirror = ResultsMirror(worker, order.folder, settings.most)
    try:
        worker.call("start", given, settings.shared)
        code, problem = _follow(worker, mirror, lines, settings.fetch.total_seconds())
        mirror.update(0)
    except SystemExit:
        worker.call("stop", STOP_S / 2)
        mirror.update(0)
        raise
    finally:
        _remove(worker)
    _judge(code, problem, there["host"], lines)


def _follow(
    worker: NodeWorker, mirror: ResultsMirror, lines: EventLines, every_s: float
) -> tuple[int, dict[str, Any]]:
    """Pass on the lines of a training process until it ends; its exit code and what it reported."""
    fetched = time.monotonic()
    problem: dict[str, Any] = {}
    while True:
        given = json.loads(worker.call("poll", _POLL_S))
        for kind, line in given["lines"]:
            if kind != OUT:
                sys.stderr.write(f"{line}\n")
            elif values := read_line(line):
                problem = values if ERROR in values else problem
                if ERROR not in values:
                    lines.write(values)
        if given["code"] is not None:
            return int(given["code"]), problem
        if time.monotonic() - fetched > every_s:
            mirror.update(_SETTLED_S)
            fetched = time.monotonic()


def _judge(code: int, problem: dict[str, Any], host: str, lines: EventLines) -> None:
    """Report how a training process ended.

    Raises:
        WorkerLostError: when it was killed.
        TrainingError: when it ended otherwise, and said nothing.
    """
    if problem:
        lines.write(problem)
        sys.exit(1)
    if code < 0:
        name = signal.Signals(-code).name
        raise WorkerLostError(f"the training process on node {host} was ended by {name}")
    if code:
        raise death_of(code, "")


def _remove(worker: NodeWorker) -> None:
    with suppress(WorkerLostError):  # the next worker of that node removes its folder
        worker.call("remove")


def _stop(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(128 + signal.SIGTERM)


def _end_with_the_parent() -> None:
    """Stop as SIGTERM does when standard input ends: the parent is gone."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _take_stdout() -> IO[str]:
    """Keep standard output for the events; what is printed goes to standard error."""
    own = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return own


if __name__ == "__main__":
    main()
