"""A run's folder on the way to a node and back: which files, in which order, with their digests."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from sftsec_core.api import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

EXAMPLES, FITTED, WORK = "examples", "fitted", "work"
RESULTS = (FITTED, WORK)
"""What a training writes: models, and checkpoints of those that are not finished."""
BLOCK = 8 * 2**20
"""Bytes that travel at a time: what either side holds in memory."""


@dataclass(frozen=True, slots=True)
class FileState:
    """A file of a run's folder.

    Attributes:
        name: its path below the folder, with slashes.
        size: in bytes.
        changed: when it was written last, ns since 1970 by its own machine's clock.
    """

    name: str
    size: int
    changed: int

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> FileState:
        """Read what `dataclasses.asdict` made of one.

        Raises:
            IntegrityError: when it is none.
        """
        try:
            return cls(str(values["name"]), int(values["size"]), int(values["changed"]))
        except (KeyError, TypeError, ValueError) as error:
            raise IntegrityError("a node sent a list of files that is none") from error


def list_files(folder: Path, parts: Iterable[str]) -> list[FileState]:
    """The files below some folders, in the order in which they were written.

    A recipe marks a checkpoint, and the core a model, as whole by the file that it writes last.
    Copied in this order, a copy that breaks off is what a kill would have left.
    """
    found = []
    for path in _walk(folder, parts):
        try:
            known = path.lstat()
        except FileNotFoundError:  # a checkpoint that was removed meanwhile
            continue
        name = path.relative_to(folder).as_posix()
        found.append(FileState(name, known.st_size, known.st_mtime_ns))
    return sorted(found, key=lambda file: (file.changed, file.name))


def _walk(folder: Path, parts: Iterable[str]) -> Iterator[Path]:
    for part in parts:
        for parent, _, names in os.walk(folder / part):
            for name in names:
                path = Path(parent, name)
                if not path.is_symlink():
                    yield path


def inside(folder: Path, name: str) -> Path:
    """Where a file of that name lies below a folder.

    Raises:
        IntegrityError: when it would lie elsewhere: the other side is not believed.
    """
    pure = PurePosixPath(name)
    if not name or pure.is_absolute() or ".." in pure.parts or "\0" in name:
        raise IntegrityError(f"{name!r} is no file of a run's folder")
    path = folder.joinpath(*pure.parts)
    if not path.parent.resolve().is_relative_to(folder.resolve()):
        raise IntegrityError(f"{name!r} leads out of the run's folder")
    return path


def digest_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def remove_others(folder: Path, parts: Iterable[str], keep: Iterable[str]) -> None:
    """Remove the files below some folders that are not named, and folders that are empty then."""
    kept = set(keep)
    for part in parts:
        for parent, _, names in os.walk(folder / part, topdown=False):
            for name in names:
                path = Path(parent, name)
                if path.relative_to(folder).as_posix() not in kept:
                    path.unlink(missing_ok=True)
            if not any(Path(parent).iterdir()):
                Path(parent).rmdir()
