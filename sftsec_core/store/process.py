"""Who owns a run or a claim, and whether that process is still there.

An owner is written as one line, `host|boot|namespace|pid|start|token`. A process id alone would
not do: it is used again after a restart, and means nothing in another container or on another
host. The token tells two owners in one process apart.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Owner:
    """One process on one host, as long as it lives.

    Attributes:
        host: the host's name.
        boot: changes with every restart of the host; "" where the system does not say.
        namespace: inside which `pid` counts (a container has its own).
        pid: the process id.
        start: the process's start in clock ticks since the boot; "" where it is not known.
        token: tells two owners in one process apart.
    """

    host: str
    boot: str
    namespace: str
    pid: int
    start: str
    token: str

    @classmethod
    def new(cls) -> Owner:
        """Return a new owner in this process."""
        pid = os.getpid()
        host = socket.gethostname().replace("|", "_")
        return cls(host, _boot(), _namespace(), pid, _start(pid) or "", uuid4().hex[:12])

    @classmethod
    def parse(cls, line: str) -> Owner:
        """Read what `str(owner)` wrote."""
        host, boot, namespace, pid, start, token = line.split("|")
        return cls(host, boot, namespace, int(pid), start, token)

    def __str__(self) -> str:
        return "|".join(
            (self.host, self.boot, self.namespace, str(self.pid), self.start, self.token)
        )

    def alive(self) -> bool | None:
        """Whether the process is still there; None when that cannot be told from here."""
        if self.host != socket.gethostname().replace("|", "_"):
            return None
        if self.boot != _boot():
            return False
        if self.namespace != _namespace():
            return None
        if not self.start:
            return _answers(self.pid)
        return _start(self.pid) == self.start


def _boot() -> str:
    return _read(_PROC / "sys/kernel/random/boot_id").strip()


def _namespace() -> str:
    try:
        return str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return ""


def _start(pid: int) -> str | None:
    """The start of a process in clock ticks; None when it has ended or the system has no /proc."""
    # The second field is the program's name in brackets and may itself hold anything.
    fields = _read(_PROC / str(pid) / "stat").rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] in {"Z", "X"}:
        return None
    return fields[19]


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
