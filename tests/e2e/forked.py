"""The command line in a process of its own that need not import everything again.

A command's imports take seconds; a suite runs hundreds of commands. A server has them done and
forks a process for each command: own memory, own exit code, own output. Processes that a test
kills from outside, and those whose start is what is tested, are started afresh instead.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.servers.quick_stores import sync_nothing

# What `retrain` and `score` import, in their order; a command that needs less has it all the same.
IMPORTED = (
    "sftsec_core.cli",
    "sftsec_core.operations.retrain",
    "sftsec_core.operations.score",
    "sftsec_core.evaluation.report.plots",
    "sftsec_core.store.store",
    "alembic.migration",
    "rich.progress",
    "sklearn.linear_model",
    "sftsec_core.recipes.launch.child",
    "pytest",
)
TRAINING = frozenset({"retrain", "backtest"})  # commands that start a training process
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(list(IMPORTED))


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    returncode: int | None
    stdout: str
    stderr: str


def run_forked(
    program: str, arguments: Sequence[str], environment: Mapping[str, str], patience_s: int
) -> Ended:
    """Run a program that calls sftsec, with arguments, and wait for its end.

    Raises:
        TimeoutError: when it has not ended after `patience_s` seconds; it is killed.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        told = (program, list(arguments), dict(environment), str(Path.cwd()), str(out), str(err))
        process = PROCESSES.Process(target=_command, args=told)
        process.start()
        process.join(patience_s)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"{arguments}: no end after {patience_s} s")
        return Ended(process.exitcode, out.read_text("utf-8"), err.read_text("utf-8"))


def _command(
    program: str, arguments: list[str], environment: dict[str, str], folder: str, out: str, err: str
) -> None:
    """The forked process: take the place of a fresh one, then be the command line."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    for descriptor, file in ((1, out), (2, err)):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    sync_nothing()
    if not TRAINING.isdisjoint(arguments):
        from tests.e2e import trainings

        trainings.wait_for_order()
    sys.argv = ["sftsec", *arguments]
    exec(program, {"__name__": "__main__"})  # noqa: S102 - a test's own, as `python -c` has it
