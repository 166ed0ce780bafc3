"""Write the archive of a package, and describe it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sftsec_core.sdk.atomic import write_atomically


@dataclass(frozen=True, slots=True)
class WrittenArchive:
    """An archive on disk.

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


def write_archive(file: Path, content: bytes, *, version: str, files: int) -> WrittenArchive:
    """Write an archive, whole or not at all; its folder is created.

    Args:
        file: where.
        content: the archive.
        version: of the package.
        files: how many are in it.

    Raises:
        OSError: when it cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, content)
    digest = hashlib.sha256(content).hexdigest()
    return WrittenArchive(file, version, files, len(content), digest)
