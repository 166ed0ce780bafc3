"""What a file is packed as, by its first bytes: its name may say something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_files.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

A_WORKBOOK = "a workbook, which is not read: save its sheet as `CSV UTF-8`"
WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
_GZIP = b"\x1f\x8b"
_REFUSED = (
    (b"PK\x03\x04", "a zip archive or a workbook, which is not read: unpack it, or save its sheet "
     "as `CSV UTF-8`"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", A_WORKBOOK),
    (b"BZh91AY&SY", "packed by bzip2, which is not read: unpack it"),
    (b"\xfd7zXZ\x00", "packed by xz, which is not read: unpack it"),
    (b"\x28\xb5\x2f\xfd", "packed by Zstandard, which is not read: unpack it"),
    (b"PAR1", "Parquet: name it `.parquet`"),
)  # fmt: skip


def is_gzipped(file: Path) -> bool:
    """Whether it is packed by gzip, or will be, by its name.

    Raises:
        SourceError: when it cannot be opened.
    """
    return file.suffix.lower() == ".gz" or _head(file).startswith(_GZIP)


def why_refused(file: Path) -> str | None:
    """Say why a file of text is none; None of one that may be.

    Raises:
        SourceError: when it cannot be opened.
    """
    if file.suffix.lower() in WORKBOOKS:
        return A_WORKBOOK
    head = _head(file)
    return next((reason for mark, reason in _REFUSED if head.startswith(mark)), None)


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(16)
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {error.strerror or error}") from error
