"""A file as a stream of UTF-8, whatever it is packed or encoded as; what a reader gives of it."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from sftsec_files.errors import ChangedFileError

if TYPE_CHECKING:
    from typing import IO

    from typing_extensions import Buffer

    from sftsec_files.sources import SourceFile

PIECE = 1 << 20
BROKEN = (EOFError, gzip.BadGzipFile, zlib.error)
# UTF-8's own mark stays in the stream, so that positions are those of the file.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, None),
)
_INVALID = "sftsec_files_invalid"
codecs.register_error(_INVALID, lambda error: ("\udcff", cast("Any", error).end))


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
        torn: whether it is a line without its end; then `at` is the place before it.
    """

    at: int
    number: int
    value: dict[str, Any] | None
    reason: str = ""
    digest: str = ""
    size: int = 0
    last: bool = False
    torn: bool = False

    @property
    def end(self) -> Start:
        """Where to read on."""
        return Start(self.at, self.number - self.torn)


def describe_break(error: Exception) -> str:
    """Say why a gzip stream cannot be read further."""
    if isinstance(error, EOFError):
        return "the gzip stream has no end"
    return f"not a sound gzip stream ({error})"


def open_stream(source: SourceFile, start: Start) -> IO[bytes]:
    """Open a file, unpacked and as UTF-8, at a position in bytes of that.

    Raises:
        ChangedFileError: when it is shorter than that.
        OSError: when it cannot be opened.
    """
    encoding = encoding_of(source)
    if source.gzipped or encoding is not None:
        # Gzip not inside a BufferedReader: it would lose what precedes a break in the stream.
        packed = open_raw(source)
        if encoding is not None:
            packed = cast("IO[bytes]", io.BufferedReader(_Transcoded(packed, encoding), PIECE))
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


def open_raw(source: SourceFile) -> IO[bytes]:
    """Open a file, unpacked, in whatever encoding it is.

    Raises:
        OSError: when it cannot be opened.
    """
    if source.gzipped:
        return cast("IO[bytes]", gzip.open(source.path))
    return source.path.open("rb", buffering=PIECE)


def encoding_of(source: SourceFile) -> str | None:
    """What to decode the file with; None for UTF-8. The mark at its start outweighs the setting."""
    with open_raw(source) as stream:
        try:
            head = stream.read(4)
        except BROKEN:
            return None  # the reader reports it
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    plain = source.encoding is None or codecs.lookup(source.encoding).name == "utf-8"
    return None if plain else source.encoding


class ConvertedStream(io.RawIOBase):
    """Another stream, converted piece by piece as `_converted` does it; closed with this one."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Take the stream."""
        super().__init__()
        self._stream = stream
        self._ready = memoryview(b"")
        self._ended = False

    def _converted(self, piece: bytes) -> bytes:
        """Convert the next piece, empty at the end (`_ended`); may keep some for the next one."""
        raise NotImplementedError

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Read as `io.RawIOBase` does."""
        while not self._ready and not self._ended:
            piece = self._stream.read(PIECE)
            self._ended = not piece
            self._ready = memoryview(self._converted(piece))
        target = memoryview(buffer)
        count = min(len(target), len(self._ready))
        target[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def close(self) -> None:
        """Close both streams."""
        self._stream.close()
        super().close()


class _Transcoded(ConvertedStream):
    """A stream of another encoding as UTF-8; what cannot be decoded is not valid here either."""

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        super().__init__(stream)
        self._decoder = codecs.getincrementaldecoder(encoding)(_INVALID)

    def _converted(self, piece: bytes) -> bytes:
        text = self._decoder.decode(piece, final=self._ended)
        return text.encode("utf-8", "surrogatepass")


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
