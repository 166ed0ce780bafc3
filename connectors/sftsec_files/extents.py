"""What files hold, without reading it as records: digests of files, and of blocks of large ones.

A block of JSON lines ends where a line ends, so that it can be read by itself. Files of other
formats are one extent each, and so is what is packed or is not UTF-8.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from sftsec_core.sdk.json_values import read_json
from sftsec_files.errors import SourceError
from sftsec_files.streams import PIECE, Start, encoding_of
from sftsec_files.wrappers import bulk_action

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO

    from sftsec_files.sources import SourceFile

BLOCK = 2 << 20  # bytes of a block, and of small files taken together
_CUT = 64  # small files taken together, on average
_LONGEST_ACTION = 1 << 16


@dataclass(frozen=True, slots=True)
class Extent:
    """A file, or a block of one.

    Attributes:
        start: where it begins.
        end: where it ends, in bytes; None for the end of the file.
        digest: of its bytes.
        size: its bytes.
        stat: size and time of change of the file, when it was digested.
    """

    source: SourceFile
    start: Start
    end: int | None
    digest: bytes
    size: int
    stat: tuple[int, int]

    @property
    def is_as_digested(self) -> bool:
        """Whether the file is the same since."""
        try:
            return stat_of(self.source) == self.stat
        except OSError:
            return False


def stat_of(source: SourceFile) -> tuple[int, int]:
    """Size and time of change of a file."""
    found = source.path.stat()
    return found.st_size, found.st_mtime_ns


def grouped(sources: Iterable[SourceFile]) -> Iterator[list[Extent]]:
    """The extents of all files in their order, small ones in groups.

    A group ends where a digest says so, so that a file which comes or goes changes its own only.

    Raises:
        SourceError: when a file cannot be read.
    """
    group: list[Extent] = []
    for source in sources:
        for extent in _extents(source):
            group.append(extent)
            if sum(one.size for one in group) >= BLOCK or extent.digest[0] % _CUT == 0:
                yield group
                group = []
    if group:
        yield group


def group_name(group: Iterable[Extent]) -> str:
    """Name what the extents of a group hold, and where they are."""
    said = [(*_place(each), each.digest.hex()) for each in group]
    return hashlib.blake2b(orjson.dumps(said), digest_size=20).hexdigest()


def _place(extent: Extent) -> tuple[object, ...]:
    """Where it is, and what that says of its records."""
    source = extent.source
    return (str(source.path), source.format, *extent.start, source.split, source.label)


def _extents(source: SourceFile) -> Iterator[Extent]:
    try:
        stat = stat_of(source)
        in_blocks = source.format == "jsonl" and not source.gzipped
        if in_blocks and encoding_of(source) is None:
            yield from _blocks(source, stat)
            return
        with source.path.open("rb") as stream:
            digest = hashlib.file_digest(stream, _hash).digest()
    except OSError as error:
        raise SourceError(f"{source.path} cannot be read: {error.strerror or error}") from error
    yield Extent(source, Start(), None, digest, stat[0], stat)


def _hash() -> hashlib.blake2b:
    return hashlib.blake2b(digest_size=20)


def _blocks(source: SourceFile, stat: tuple[int, int]) -> Iterator[Extent]:
    start = Start()
    with source.path.open("rb", buffering=PIECE) as stream:
        while piece := stream.read(BLOCK):
            digest, lines = _hash(), piece.count(b"\n")
            digest.update(piece)
            line = piece.removesuffix(b"\n").rpartition(b"\n")[2]
            if not piece.endswith(b"\n"):
                rest, ended = _rest_of_line(stream, digest)
                line, lines = line + rest, lines + ended
            while _is_action(line):  # the next line is of the same record
                line, ended = _rest_of_line(stream, digest)
                lines += ended
            end = stream.tell()
            yield Extent(source, start, end, digest.digest(), end - start.at, stat)
            start = Start(end, start.number + lines)


def _rest_of_line(stream: IO[bytes], digest: hashlib.blake2b) -> tuple[bytes, bool]:
    """Read to the end of a line; its begin, and whether it has an end."""
    begin = raw = stream.readline(PIECE)
    digest.update(raw)
    while raw and not raw.endswith(b"\n"):
        raw = stream.readline(PIECE)
        digest.update(raw)
    return begin, raw.endswith(b"\n")


def _is_action(line: bytes) -> bool:
    if not line.strip() or len(line) > _LONGEST_ACTION:
        return False
    try:
        value = read_json(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and len(value) == 1 and bulk_action(value) is not None
