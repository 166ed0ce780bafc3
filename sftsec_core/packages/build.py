"""A package on the disk: whole or not at all, and what is said of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sftsec_core.sdk.atomic import write_atomically


@dataclass(frozen=True, slots=True)
class Written:
    """A package that was written.

    Attributes:
        file: the archive.
        version: of the package.
        files: how many are in it.
        bytes: its size.
        sha256: hex, of the archive.
    """

    file: Path
    version: str
    files: int
    bytes: int
    sha256: str


def write_archive(file: Path, content: bytes, *, version: str, files: int) -> Written:
    """Write an archive; its folder is made where it is missing.

    Args:
        file: where.
        content: the archive.
        version: of the package.
        files: how many are in it.

    Raises:
        OSError: when that is not possible.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, content)
    digest = hashlib.sha256(content).hexdigest()
    return Written(file, version, files, len(content), digest)
