"""The folder on a node in which an order is carried out; the next one removes a dead worker's."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

PREFIX = "sftsec-ray-"
_LOCK = ".lock"


def new_workplace(parent: str | None) -> tuple[Path, IO[bytes]]:
    """Make a folder that only this user reads, and remove those whose worker is gone.

    Args:
        parent: where; None for the system's folder for temporary files.

    Returns:
        The folder, and its lock: closing it, or the death of this process, gives the folder up.
    """
    base = Path(parent or tempfile.gettempdir())
    base.mkdir(parents=True, exist_ok=True)
    for other in base.glob(f"{PREFIX}*"):
        _remove_abandoned(other)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    lock = (folder / _LOCK).open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return folder, lock


def _remove_abandoned(folder: Path) -> None:
    """Remove a folder whose lock nobody holds; one without a lock is being made, or removed."""
    with suppress(OSError), (folder / _LOCK).open("r+b") as lock:  # OSError: held, or not ours
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
