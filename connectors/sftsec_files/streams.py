"""A file as a stream of bytes, plain or gzipped; what a reader gives of it."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from sftsec_files.errors import ChangedFileError

if TYPE_CHECKING:
    from typing import IO

    from sftsec_files.sources import SourceFile

PIECE = 1 << 20
BROKEN = (EOFError, gzip.BadGzipFile, zlib.error)


class Start(NamedTuple):
    """Where reading begins: bytes (lines, CSV), rows or records to skip, and the last line."""

    at: int = 0
    number: int = 0


class FileRecord(NamedTuple):
    """One record or the reason why there is none.

    Attributes:
        at: the position right after it: bytes of the unpacked file, rows or records.
        number: its line (of its end, in CSV) or row, from 1.
        value: the record, None when it could not be read.
        reason: why not.
        digest: hex SHA-256 of its bytes; "" when it has a value, which is hashed only on need.
        size: its bytes.
        last: whether the file cannot be read after it.
    """

    at: int
    number: int
    value: dict[str, Any] | None
    reason: str = ""
    digest: str = ""
    size: int = 0
    last: bool = False


def describe_break(error: Exception) -> str:
    """Say why a gzip stream cannot be read further."""
    if isinstance(error, EOFError):
        return "the gzip stream has no end"
    return f"not a sound gzip stream ({error})"


def open_stream(source: SourceFile, start: Start) -> IO[bytes]:
    """Open a file, unpacked, at a position in bytes.

    Raises:
        ChangedFileError: when it is shorter than that.
        OSError: when it cannot be opened.
    """
    if source.gzipped:
        # Not inside a BufferedReader: it would lose what precedes a break in the stream.
        packed = cast("IO[bytes]", gzip.open(source.path))  # noqa: SIM115 - the caller closes it
        _skip_unpacked(packed, source, start.at)
        return packed
    size = source.path.stat().st_size
    if size < start.at:
        raise ChangedFileError(
            f"{source.path} has {size} bytes, less than the {start.at} already read: it was "
            "replaced or cut; pull again from the start"
        )
    stream = source.path.open("rb", buffering=PIECE)
    stream.seek(start.at)
    return stream


def _skip_unpacked(stream: IO[bytes], source: SourceFile, count: int) -> None:
    left = count
    try:
        while left and (piece := stream.read(min(left, PIECE))):
            left -= len(piece)
    except BROKEN:
        return  # read again by the caller, who reports it
    if left:
        raise ChangedFileError(
            f"{source.path} is shorter than the {count} bytes already read of it: it was "
            "replaced or cut; pull again from the start"
        )
