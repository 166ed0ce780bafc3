"""The state folder is for its owner alone: it is made so, mended, or refused.

The folder itself is what keeps others out. What lies in it is private too, so that a copy, a
backup or a folder that was opened by mistake gives nothing away: what libraries write gets
mode 0600 from the process's umask, and those of older versions are mended.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sftsec_core.api.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

OTHERS = 0o077
_OWN = frozenset(
    {
        "sftsec.db",
        "salt",
        "models",
        "runs",
        "snapshots",
        "connectors",
        "keys.json",
        "summaries",
        "scores",
    }
)
_lock = threading.Lock()
_umasks: list[int] = []


def make_private(folder: Path) -> None:
    """Make the state folder, mode 0700, or take the rights of others from one that is there.

    What cannot be written is left as it is: a store on a read-only mount can still be read.

    Raises:
        StoreError: when it cannot be made or used, is another user's, cannot be made private,
            or is open to others and holds other things than sftsec's.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = folder.stat()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise StoreError(f"state.folder: {folder} cannot be made or used: {why}") from error
    if found.st_uid != os.geteuid():
        if os.access(folder, os.W_OK):
            raise StoreError(
                f"state.folder: {folder} is another user's (uid {found.st_uid}): run as that user, "
                f"or chown -R {os.geteuid()} {folder}"
            )
        return
    if found.st_mode & OTHERS:
        _refuse_shared(folder)
        _close_to_others(folder, found.st_mode)
    _mend_inside(folder)


@contextmanager
def private_files() -> Iterator[None]:
    """Let every file that the process makes be its owner's alone, until the last one ends."""
    with _lock:
        # Contexts may overlap: the first one's is at the bottom, and taken off by the last.
        _umasks.append(os.umask(OTHERS))
    try:
        yield
    finally:
        with _lock:
            last = _umasks.pop()
            if not _umasks:
                os.umask(last)


def _refuse_shared(folder: Path) -> None:
    """Taking others' rights from /tmp or a home folder, named by mistake, would break them."""
    names = {path.name for path in folder.iterdir()}
    if names and not names & _OWN:
        raise StoreError(
            f"state.folder: {folder} is open to other users and holds files that are not "
            f"sftsec's: name a folder of its own, or chmod 700 {folder}"
        )


def _mend_inside(folder: Path) -> None:
    """Take the rights of others from what older versions wrote.

    A folder without such rights was made or mended by this version; its own rights are taken
    last, so that a mending that was interrupted begins again.
    """
    with os.scandir(folder) as entries:
        found = [(Path(entry.path), _mode(entry)) for entry in entries]
    for path, mode in found:
        if mode & OTHERS and not stat.S_ISLNK(mode):
            if stat.S_ISDIR(mode):
                _mend_tree(path)
            _close_to_others(path, mode)


def _mode(entry: os.DirEntry[str]) -> int:
    with suppress(FileNotFoundError):  # another process removes what it no longer needs
        return entry.stat(follow_symlinks=False).st_mode
    return 0


def _mend_tree(folder: Path) -> None:
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            with suppress(FileNotFoundError):
                mode = path.lstat().st_mode
                if mode & OTHERS and not stat.S_ISLNK(mode):
                    _close_to_others(path, mode)


def _close_to_others(path: Path, mode: int) -> None:
    try:
        path.chmod(stat.S_IMODE(mode) & ~OTHERS)
        left = path.stat().st_mode & OTHERS
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno == errno.EROFS:
            return
        raise _cannot(path, error.strerror or type(error).__name__) from error
    if left:
        raise _cannot(path, "its file system keeps no rights")


def _cannot(path: Path, why: str) -> StoreError:
    return StoreError(
        f"state.folder: {path} is open to other users and cannot be made private: {why}; "
        "give it to this user (chown -R), or name a folder on another file system"
    )
