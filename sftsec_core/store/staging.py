"""Folders of the state that appear and go as a whole, while other processes work beside.

A folder is built beside its place, or moved out of it, inside a staging folder, and one lock a
parent folder keeps the steps of two processes apart. The lock falls with its holder, so whatever
staging folder lies there when it is taken belongs to a dead process.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STAGING = ".staging-"
_LOCK = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Wait until no other process holds the folder's lock, and hold it; the folder is made."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def try_locked(folder: Path) -> Iterator[bool]:
    """Hold the folder's lock, if no other process does; say whether it is held."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """Lend an empty folder inside `folder`, under its lock; it is gone afterwards.

    What another process left behind is removed.
    """
    with locked(folder):
        for leftover in folder.glob(STAGING + "*"):
            shutil.rmtree(leftover)
        place = Path(tempfile.mkdtemp(prefix=STAGING, dir=folder))
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


def left_behind(folder: Path) -> list[Path]:
    """The staging folders of dead processes; none while a process holds the lock."""
    file = folder / _LOCK
    # Also where the folder is not ours to lock: what cannot be locked is not called dead.
    with suppress(OSError), file.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return sorted(folder.glob(STAGING + "*"))
    return []
