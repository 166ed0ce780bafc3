"""Who holds a run: a name that tells the host and the process, and the end of a stale one.

The process id goes with the kernel's boot id and the process's start time, so that a number that
was given to another process, in another container or after a reboot, is not taken for it.
"""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

RUN_PREFIX = "run:"
_START_FIELD = 19  # of /proc/PID/stat, counted after the name, which may hold spaces
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PARTS = 4


def new_holder() -> str:
    """A name that no other holder has; host and process id are there for a person to read."""
    pid = os.getpid()
    return f"{RUN_PREFIX}{socket.gethostname()}:{pid}:{_mark(pid) or '-'}:{uuid4().hex}"


def end_holder(holder: str) -> bool:
    """End the process that held a run, where it is another one of this host and still there.

    Returns:
        Whether one was ended. SIGKILL, since a stopped process handles no other signal.
    """
    parts = holder.removeprefix(RUN_PREFIX).rsplit(":", 3)
    if len(parts) != _PARTS or parts[0] != socket.gethostname() or not parts[1].isdigit():
        return False
    pid, mark = int(parts[1]), parts[2]
    if pid == os.getpid() or mark == "-" or mark != _mark(pid):
        return False
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False


def _mark(pid: int) -> str | None:
    """Start time and boot of a process; None where it is gone or the system does not tell."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        start = stat.rpartition(")")[2].split()[_START_FIELD]
        return f"{start}-{_BOOT.read_text(encoding='ascii')[:8]}"
    except (OSError, IndexError):
        return None
