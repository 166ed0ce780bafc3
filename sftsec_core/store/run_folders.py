"""The folder of a run moves when the run is taken over: an earlier holder's paths lead nowhere.

The fence stands in the folder's name: `runs/ID`, then `runs/ID.2`, ... Only the newest name is
the run's. A kill between the move and the commit of the row leaves the two at odds until the run
is taken again: the folder is then found by the highest number, since an earlier holder can only
make one of a lower number.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from sftsec_core.api.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path


def run_of(folder: str) -> str:
    """The id of the run whose folder has this name."""
    return folder.partition(".")[0]


def fenced(parent: Path, run: str, fence: int) -> Path:
    """Where the files of a run lie once it was taken over under this fence."""
    return parent / f"{run}.{fence}"


def move_in(folder: Path) -> None:
    """Move the files of an earlier holder to the folder of the new one; made where none are.

    Call it under the lock of the parent folder.

    Args:
        folder: as `fenced` names it.

    Raises:
        StoreError: when the disk refuses.
    """
    run = run_of(folder.name)
    found = [run, *(each.name for each in folder.parent.glob(f"{run}.*"))]
    there = [name for name in found if (folder.parent / name).is_dir()]
    try:
        if newest := max(there, key=_number, default=None):
            if newest != folder.name:
                (folder.parent / newest).rename(folder)
        else:
            folder.mkdir(parents=True)
    except OSError as error:
        raise StoreError(f"cannot move the run's folder to {folder}: {error.strerror}") from error


def empty(folder: Path, keep: str) -> None:
    """Remove what a run left that cannot be resumed, but for one file; the folder is made.

    Raises:
        StoreError: when the disk refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for each in folder.iterdir():
            if each.name == keep:
                continue
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            else:
                each.unlink()
    except OSError as error:
        raise StoreError(f"cannot empty the run's folder {folder}: {error.strerror}") from error


def _number(name: str) -> int:
    number = name.rpartition(".")[2] if "." in name else "1"
    return int(number) if number.isdigit() else 0
