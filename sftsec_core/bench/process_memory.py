"""How much memory this process and all that it started hold at most, sampled meanwhile (Linux)."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_EVERY_S = 0.2


class PeakMemory:
    """Samples while its body runs.

    Attributes:
        largest_mb: the resident set of the largest process, in MiB.
        private_mb: memory that no file stands behind, of all processes together, in MiB.
    """

    def __init__(self) -> None:
        self.largest_mb = self.private_mb = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            found = [_memory_of(pid) for pid in _descendants(os.getpid())]
            self.largest_mb = max(self.largest_mb, *(rss for rss, _ in found), 0.0)
            self.private_mb = max(self.private_mb, sum(anonymous for _, anonymous in found))
            if self._stop.wait(_EVERY_S):
                return


def _descendants(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = status.read_text(encoding="utf-8", errors="replace")
            parents[int(status.parent.name)] = int(text.rpartition(") ")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue  # it has ended meanwhile
    found, new = {root}, {root}
    while new:
        new = {pid for pid, parent in parents.items() if parent in new} - found
        found |= new
    return sorted(found)


def _memory_of(pid: int) -> tuple[float, float]:
    """Resident and anonymous memory of a process, in MiB; 0 when it has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
        values = dict(line.split(":", 1) for line in text.splitlines())
        return tuple(int(values[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon"))  # type: ignore[return-value]  # two of them
    except (OSError, ValueError, KeyError):
        return 0.0, 0.0
