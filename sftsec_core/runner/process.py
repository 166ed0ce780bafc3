"""A run's process as its worker sees it: started, watched, ended with all that it started.

The memory limit is a watch on resident memory, not RLIMIT_AS: CUDA and memory-mapped files reserve
many times the address space that they use, so that a limit on it either fails sound runs or stops
nothing.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sftsec_core.runner.child import ERROR, ChildOrder
from sftsec_core.store.runs import LOG

if TYPE_CHECKING:
    from sftsec_core.store.run_queue import ClaimedRun

CHILD = "sftsec_core.runner.child"
_GROUP_FIELD, _RSS_FIELD = 2, 21  # of /proc/PID/stat, counted after the name
_TAIL = 64 * 1024


class RunProcess:
    """A process that carries out a run, in a process group of its own.

    Attributes:
        claimed: the run.
        limit: why the worker ended it; None while it did not.
        term_at: when it was told to stop, on the monotonic clock; None while it was not.
    """

    def __init__(self, claimed: ClaimedRun, order: ChildOrder, timeout_s: float | None) -> None:
        """Start it; its output is appended to the run's log."""
        self.claimed = claimed
        self.limit: str | None = None
        self.term_at: float | None = None
        self._timeout_s = timeout_s
        self._started = time.monotonic()
        claimed.info.folder.mkdir(parents=True, exist_ok=True)
        self._log = claimed.info.folder / LOG
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", CHILD, order.to_json()],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    @property
    def pid(self) -> int:
        """Of the process, and of its group."""
        return self._process.pid

    def poll(self) -> int | None:
        """Return how it ended, None while it works; what it started is ended with it."""
        code = self._process.poll()
        if code is not None:
            self.kill()
            if self._process.stdin is not None:
                self._process.stdin.close()
        return code

    def terminate(self) -> None:
        """Tell it to write a checkpoint and stop; once."""
        if self.term_at is None:
            self.term_at = time.monotonic()
            self._process.terminate()

    def kill(self) -> None:
        """End it, and all that it started, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def enforce(self, memory_bytes: float | None, grace_s: float) -> None:
        """Tell it to stop where it is past a limit, and end it where it does not."""
        if self.term_at is not None:
            if time.monotonic() - self.term_at > grace_s:
                self.kill()
            return
        took = time.monotonic() - self._started
        if self._timeout_s is not None and took > self._timeout_s:
            self.limit = f"it took longer than its limit of {self._timeout_s:,.0f} s"
        elif memory_bytes is not None and (used := group_memory(self.pid)) > memory_bytes:
            self.limit = f"it held {used / 1e9:.1f} GB; worker.memory_gb is {memory_bytes / 1e9:g}"
        if self.limit is not None:
            self.terminate()

    def last_error(self) -> str | None:
        """The error that the process wrote last into the log; None where there is none."""
        with suppress(OSError), self._log.open("rb") as log:
            log.seek(max(0, self._log.stat().st_size - _TAIL))
            for line in reversed(log.read().splitlines()):
                with suppress(ValueError):
                    values = json.loads(line)
                    if isinstance(values, dict) and ERROR in values and "event" not in values:
                        return str(values.get("text"))
        return None


def group_memory(group: int) -> int:
    """The resident memory of a process group, in bytes; 0 where the system does not tell."""
    pages = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError, ValueError):
            text = stat.read_text(encoding="utf-8", errors="replace")
            fields = text.rpartition(")")[2].split()
            if int(fields[_GROUP_FIELD]) == group:
                pages += int(fields[_RSS_FIELD])
    return pages * os.sysconf("SC_PAGE_SIZE")
