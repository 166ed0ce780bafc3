"""Whose process it is that computes on a GPU, from the process table of Linux."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

_PROC = Path("/proc")
_DEEPEST = 64


def owner_of(pid: int) -> str | None:
    """The name of the user that runs a process; None where the process table has none."""
    try:
        uid = (_PROC / str(pid)).stat().st_uid
    except OSError:
        return None
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a user of a container
        return f"uid {uid}"


def command_of(pid: int) -> str | None:
    """The name of a process's program; None as above."""
    try:
        return (_PROC / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def descends_from_us(pid: int) -> bool:
    """Whether a process is this one or was started by it, at any remove."""
    own = os.getpid()
    for _ in range(_DEEPEST):
        if pid == own:
            return True
        parent = _parent_of(pid)
        if parent is None or parent <= 1:
            return False
        pid = parent
    return False


def _parent_of(pid: int) -> int | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # "pid (name) state ppid ...", where the name may hold spaces and parentheses.
    return int(text.rpartition(")")[2].split()[1])
