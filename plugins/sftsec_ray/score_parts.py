"""An input of any length as parts: each is scored alone, and again where its result is broken."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sftsec_core.api import DataError
from sftsec_core.api.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PARQUET, LINES = ".parquet", (".jsonl", ".ndjson")
_CHUNK = 2**16


@dataclass(frozen=True, slots=True)
class ScorePart:
    """Consecutive records of one file.

    Attributes:
        number: its place in the input, from 0.
        file: the absolute path.
        size: of the file, in bytes.
        changed: when the file was written last, ns since 1970.
        start: its first byte (JSON lines) or row group (Parquet).
        stop: the byte or row group after its last one.
    """

    number: int
    file: str
    size: int
    changed: int
    start: int
    stop: int

    @property
    def name(self) -> str:
        """What its result is called, without a suffix."""
        return f"part-{self.number:06d}"

    @property
    def is_parquet(self) -> bool:
        """Whether it is row groups, not lines."""
        return self.file.endswith(PARQUET)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def plan_parts(files: Sequence[Path], part_bytes: int) -> list[ScorePart]:
    """Divide files into parts of about so many bytes, in their order.

    Raises:
        UsageError: when a file is neither Parquet nor JSON lines.
        DataError: when one cannot be read.
    """
    found: list[ScorePart] = []
    for file in files:
        path = file.absolute()
        try:
            known = path.stat()
            for start, stop in _ranges(path, part_bytes):
                part = ScorePart(
                    len(found), str(path), known.st_size, known.st_mtime_ns, start, stop
                )
                found.append(part)
        except OSError as error:
            raise DataError(f"{file}: cannot be read: {error}") from error
    return found


def _ranges(path: Path, part_bytes: int) -> Iterator[tuple[int, int]]:
    if path.suffix == PARQUET:
        return _row_groups(path, part_bytes)
    if path.suffix in LINES:
        return _lines(path, part_bytes)
    known = ", ".join((PARQUET, *LINES))
    raise UsageError(f"{path}: give files that end with {known}; unpack compressed ones")


def _row_groups(path: Path, part_bytes: int) -> Iterator[tuple[int, int]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        groups = pq.ParquetFile(path).metadata
    except pa.ArrowException as error:
        raise DataError(f"{path}: no Parquet file: {error}") from error
    start = size = 0
    for number in range(groups.num_row_groups):
        size += groups.row_group(number).total_byte_size
        if size >= part_bytes or number == groups.num_row_groups - 1:
            yield start, number + 1
            start, size = number + 1, 0


def _lines(path: Path, part_bytes: int) -> Iterator[tuple[int, int]]:
    """Ranges of bytes that end with a line; the last one with the file."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = 0
        while start < size:
            stream.seek(min(start + part_bytes, size))
            while (chunk := stream.readline(_CHUNK)) and not chunk.endswith(b"\n"):
                pass
            stop = stream.tell()
            yield start, stop
            start = stop


def note_of(folder: Path, part: ScorePart) -> Path:
    """Where what is known of a result stands; readers of a folder of Parquet pass over it."""
    return folder / f"_{part.name}.json"


def is_done(folder: Path, part: ScorePart, model: str) -> bool:
    """Whether a folder holds the result of a part by this model, whole."""
    try:
        known = json.loads(note_of(folder, part).read_text(encoding="utf-8"))
        with (folder / f"{part.name}.parquet").open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, ValueError):
        return False
    return _same(known, part, model) and bool(known.get("sha256") == digest)


def _same(known: Any, part: ScorePart, model: str) -> bool:  # noqa: ANN401 - what a file held
    if not isinstance(known, dict):
        return False
    return bool(known.get("part") == part.to_json() and known.get("model") == model)


def summary(folder: Path, parts: Sequence[ScorePart]) -> Mapping[str, int]:
    """Rows, and those with an error, of all results."""
    counts = {"rows": 0, "errors": 0}
    for part in parts:
        known = json.loads(note_of(folder, part).read_text(encoding="utf-8"))
        for name in counts:
            counts[name] += known[name]
    return counts
