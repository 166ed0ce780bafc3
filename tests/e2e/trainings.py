"""Training processes that need not import everything again, as `forked` has the command line.

`local.start_child` starts a fresh Python, whose imports take longer than the training of a small
model. What it starts is what `tests/core/recipes/launch` is about; elsewhere it only takes time.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

from sftsec_core.recipes.launch import local
from tests.e2e.forked import PROCESSES

FRESH = local.start_child


def install() -> None:
    """Have this process train in processes that are forked from the server of `forked`."""
    local.start_child = _start


def wait_for_order() -> None:
    """Fork a process that waits for this one's first training; to be called without threads."""
    local.start_child = _TrainingInWait().start


class _Process(Protocol):
    """What is asked of a forked process."""

    @property
    def pid(self) -> int | None: ...

    @property
    def exitcode(self) -> int | None: ...

    def join(self, timeout: float | None = None) -> None: ...


class _Forked(subprocess.Popen[bytes]):
    """A forked process, as `Popen` has those that it started."""

    def __init__(self, process: _Process, stdin: int, stdout: int) -> None:
        self._process = process
        self.args, self.pid, self.returncode = [], process.pid or 0, None
        self.stdin, self.stdout, self.stderr = os.fdopen(stdin, "wb"), os.fdopen(stdout, "rb"), None

    def __del__(self) -> None:
        """Nothing: the caller has waited for it."""

    def poll(self) -> int | None:
        """Its exit code, None while it works."""
        self.returncode = self._process.exitcode
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended."""
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def send_signal(self, sig: int) -> None:
        """Send a signal where it is still there."""
        if self.poll() is None:
            os.kill(self.pid, sig)


class _TrainingInWait:
    """A child of this process that trains once it is told of an order; a second one is fresh."""

    def __init__(self) -> None:
        (told, self._order), (stdin, self._in), (self._out, stdout) = (os.pipe() for _ in range(3))
        self._pid, self._used = os.fork(), False
        if not self._pid:
            for each in (self._order, self._in, self._out):
                os.close(each)
            if file := os.read(told, 65536).decode():
                os.dup2(stdin, 0)
                os.dup2(stdout, 1)
                _fit(file)
            os._exit(0)
        for each in (told, stdin, stdout):
            os.close(each)

    def start(self, file: str) -> subprocess.Popen[bytes]:
        """Tell it of an order, in place of `local.start_child`."""
        if self._used:
            return FRESH(file)
        self._used = True
        os.write(self._order, file.encode())
        return _Forked(_Child(self._pid), self._in, self._out)


class _Child:
    """A child that was forked, as `multiprocessing` has those that it started."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    @property
    def exitcode(self) -> int | None:
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def join(self, timeout: float | None = None) -> None:
        deadline = time.monotonic() + (math.inf if timeout is None else timeout)
        while self.exitcode is None and time.monotonic() < deadline:
            time.sleep(0.005)


def _start(file: str) -> subprocess.Popen[bytes]:
    """Start the training process of an order, in place of `local.start_child`."""
    theirs_in, ours_in = PROCESSES.Pipe(duplex=False)
    ours_out, theirs_out = PROCESSES.Pipe(duplex=False)
    errors = Connection(os.dup(2), readable=False)
    told = (file, dict(os.environ), str(Path.cwd()), theirs_in, theirs_out, errors)
    with theirs_in, theirs_out, errors, ours_in, ours_out:
        process = PROCESSES.Process(target=_train, args=told)
        process.start()
        return _Forked(process, os.dup(ours_in.fileno()), os.dup(ours_out.fileno()))


def _train(
    file: str,
    environment: Mapping[str, str],
    folder: str,
    stdin: Connection,
    stdout: Connection,
    stderr: Connection,
) -> None:
    """The forked process: take the place of a fresh one, then train."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for descriptor, connection in enumerate((stdin, stdout, stderr)):
        os.dup2(connection.fileno(), descriptor)
        connection.close()
    _fit(file)


def _fit(file: str) -> None:
    from sftsec_core.recipes.launch import child

    sys.argv = ["child", file]
    child.main()
