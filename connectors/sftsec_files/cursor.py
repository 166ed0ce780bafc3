"""Where a pull stands: for each file the place in it, and what tells that it is that file still.

A file is known by its name below the configured path and by a fingerprint of what was read of it:
its first and last bytes. So what is appended is read on from there, what was replaced is read
again, a file that was renamed is recognised, and one that comes late is new, whatever its name.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.sdk.errors import CursorError
from sftsec_files.streams import Start, encoding_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sftsec_files.sources import SourceFile

_VERSION = b"\x02"
_ENTRY = struct.Struct(">4s6sQQIB")
_LINES = ("jsonl", "csv", "mbox", "lines")
_PART = 4096  # bytes of the start, and of the end, that a fingerprint is made of
_KINDS = ("jsonl", "json", "csv", "parquet", "eml", "mbox", "refused", "lines")
_GZIPPED, _ENCODED, _DONE = 1 << 4, 1 << 5, 1 << 6
_MOST_TRIES = 256  # renamed files that one new file is compared with


@dataclass(frozen=True, slots=True)
class FileMark:
    """What was read of one file; 31 bytes.

    Attributes:
        name: digest of its name below the configured path.
        print: digest of the start and the end of its first `size` bytes.
        size: bytes of it, packed and encoded as it is, that were there or read.
        start: the place after the last record.
        kind: how it was read: places of one kind mean nothing to another one.
        done: whether that was all of it.
    """

    name: bytes
    print: bytes
    size: int
    start: Start
    kind: int
    done: bool

    def pack(self) -> bytes:
        """Return it as bytes."""
        flags = self.kind | (_DONE if self.done else 0)
        at, number = self.start
        return _ENTRY.pack(self.name, self.print, self.size, at, min(number, 0xFFFFFFFF), flags)

    @classmethod
    def unpack(cls, raw: bytes) -> FileMark:
        """Read what `pack` returned."""
        name, print_, size, at, number, flags = _ENTRY.unpack(raw)
        kind, done = flags & ~_DONE, bool(flags & _DONE)
        return cls(name, print_, size, Start(at, number), kind, done)

    def is_of(self, path: Path) -> bool:
        """Whether a file begins with what was read."""
        return path.stat().st_size >= self.size and fingerprint(path, self.size) == self.print


def mark(source: SourceFile, start: Start, size: int, *, done: bool) -> FileMark:
    """Make the mark of a file.

    Args:
        source: the file.
        start: the place after its last record.
        size: its bytes when it was opened.
        done: whether all of it was read.
    """
    if _plain_lines(source):
        size = start.at
    return FileMark(
        _digest(source.name.encode(errors="surrogateescape"), 4),
        fingerprint(source.path, size),
        size,
        start,
        _kind(source),
        done,
    )


def fingerprint(path: Path, size: int) -> bytes:
    """Digest the start and the end of a file's first `size` bytes."""
    with path.open("rb") as stream:
        head = stream.read(min(size, _PART))
        stream.seek(max(len(head), size - _PART))
        tail = stream.read(size - stream.tell())
    return _digest(head + tail, 6)


def _digest(raw: bytes, size: int) -> bytes:
    return hashlib.blake2b(raw, digest_size=size).digest()


def _plain_lines(source: SourceFile) -> bool:
    """Whether places in it are bytes of the file itself."""
    return source.format in _LINES and not source.gzipped and encoding_of(source) is None


def _kind(source: SourceFile) -> int:
    kind = _KINDS.index(source.format)
    kind |= _GZIPPED if source.gzipped else 0
    encoded = source.format in _LINES and encoding_of(source) is not None
    return kind | (_ENCODED if encoded else 0)


@dataclass(slots=True)
class FilesCursor:
    """The marks of the files that were read, in part or whole.

    Attributes:
        marks: by path.
        missing: required fields that no record has had yet.
    """

    marks: dict[Path, FileMark] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    def encode(self) -> str:
        """Return the cursor as an opaque string: about 42 characters a file."""
        packed = b"".join(each.pack() for each in self.marks.values())
        names = orjson.dumps(self.missing)
        length = len(self.marks).to_bytes(4, "big")
        return base64.urlsafe_b64encode(_VERSION + length + packed + names).decode()

    @classmethod
    def decode(cls, encoded: str, sources: Sequence[SourceFile]) -> FilesCursor:
        """Read what `encode` returned, and find the files that it is about.

        Args:
            encoded: the opaque string; also as versions before 0.2 wrote it.
            sources: the files that are there now.

        Raises:
            CursorError: when it is not such a string.
        """
        try:
            raw = base64.urlsafe_b64decode(encoded)
            if raw[:1] == b"[":
                return cls(_marks_before(orjson.loads(raw), sources))
            found, missing = _unpacked(raw)
        except (ValueError, TypeError, struct.error) as error:
            raise CursorError("the cursor is not one of this connector's") from error
        return cls(_assigned(found, sources), missing)

    def start_of(self, source: SourceFile) -> Start | None:
        """Where to read a file from; None when there is nothing new in it."""
        known = self.marks.get(source.path)
        if known is None:
            return Start()
        if known.done and source.path.stat().st_size == known.size:
            return None
        if known.kind == _kind(source) and source.format != "eml":
            return known.start
        if known.done and _plain_lines(source):
            # It was one document, all of which was read; now it has more lines.
            return Start(known.size, _lines_in(source.path, known.size))
        return Start()


def _unpacked(raw: bytes) -> tuple[list[FileMark], tuple[str, ...]]:
    """The marks and the missing fields of a cursor.

    Raises:
        ValueError, TypeError, struct.error: when it is none.
    """
    if raw[:1] != _VERSION:
        raise ValueError(raw[:1])
    end = 5 + int.from_bytes(raw[1:5], "big") * _ENTRY.size
    parts = range(5, end, _ENTRY.size)
    found = [FileMark.unpack(raw[place : place + _ENTRY.size]) for place in parts]
    return found, tuple(map(str, orjson.loads(raw[end:])))


def _assigned(marks: Iterable[FileMark], sources: Sequence[SourceFile]) -> dict[Path, FileMark]:
    """Find the file of each mark: by its name, then among the renamed; others are dropped."""
    by_name: defaultdict[bytes, list[FileMark]] = defaultdict(list)
    for each in marks:
        by_name[each.name].append(each)
    found: dict[Path, FileMark] = {}
    for source in sources:
        same = by_name.get(_digest(source.name.encode(errors="surrogateescape"), 4), [])
        known = next((each for each in same if each.is_of(source.path)), None)
        if known is not None:
            found[source.path] = known
            same.remove(known)
    left = [each for some in by_name.values() for each in some if each.size]
    for source in sources if left else ():
        if source.path not in found and (known := _renamed(left, source.path)):
            found[source.path] = known
            left.remove(known)
    return found


def _renamed(marks: Sequence[FileMark], path: Path) -> FileMark | None:
    size = path.stat().st_size
    likely = sorted((each for each in marks if each.size <= size), key=lambda m: size - m.size)
    return next((each for each in likely[:_MOST_TRIES] if each.is_of(path)), None)


def _lines_in(path: Path, size: int) -> int:
    count = 0
    with path.open("rb") as stream:
        while size and (piece := stream.read(min(size, 1 << 20))):
            size -= len(piece)
            count += piece.count(b"\n")
    return count


def _marks_before(parts: list[Any], sources: Sequence[SourceFile]) -> dict[Path, FileMark]:
    """The marks of a cursor of before 0.2: all files up to one were read, that one up to a place.

    Raises:
        ValueError, TypeError: when it is none.
    """
    file, at, number, head, head_bytes, done = parts
    found: dict[Path, FileMark] = {}
    for source in sources:
        size = source.path.stat().st_size
        if str(source.path) < str(file):
            at_end = Start(size if _plain_lines(source) else 0)
            found[source.path] = mark(source, at_end, size, done=True)
        elif str(source.path) == file:
            with source.path.open("rb") as stream:
                same = hashlib.sha256(stream.read(int(head_bytes))).hexdigest()[:16] == head
            if same and size >= (int(at) if _plain_lines(source) else 0):
                start = Start(int(at), int(number))
                found[source.path] = mark(source, start, size, done=bool(done))
    return found
