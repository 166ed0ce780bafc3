"""One reader a format: a file's records, one at a time, with the position after each.

Nothing is read whole. A line longer than the limit is hashed and skipped in pieces. A record
that cannot be read comes out with a reason; a file that breaks off comes out as one last such
record with `last` set, after everything that stood before the break.
"""

from __future__ import annotations

import csv
import hashlib
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_files.documents import read_document
from sftsec_files.errors import ChangedFileError, MissingColumnsError, SourceError
from sftsec_files.streams import (
    BROKEN,
    PIECE,
    FileRecord,
    Start,
    describe_break,
    open_stream,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from sftsec_files.config import FilesConfig
    from sftsec_files.sources import SourceFile

_BOM = b"\xef\xbb\xbf"


def read(
    source: SourceFile, start: Start, needed: tuple[str, ...], config: FilesConfig
) -> Iterator[FileRecord]:
    """Read a file's records from `start` on.

    Args:
        source: the file.
        start: where to begin.
        needed: columns that a table must have.
        config: limits and the CSV delimiter.

    Raises:
        ChangedFileError: when the file is shorter than `start`.
        MissingColumnsError: when a table lacks a needed column.
        SourceError: when the file cannot be opened.
    """
    try:
        if source.format == "parquet":
            yield from _read_parquet(source, start, needed, config)
        elif source.format == "csv":
            yield from _read_csv(source, start, needed, config)
        elif source.format == "json":
            yield from read_document(source, start, needed, config)
        else:
            yield from _read_json_lines(source, start, config)
    except OSError as error:
        raise SourceError(f"{source.path} cannot be read: {error.strerror or error}") from error


# --- lines ----------------------------------------------------------------------------------------


class _Lines:
    """The lines of a plain or gzipped file, bounded in length, with byte positions."""

    def __init__(self, stream: IO[bytes], start: Start, limit: int) -> None:
        self.at = start.at
        self.number = start.number
        self._stream = stream
        self._limit = limit

    def next(self) -> bytes | FileRecord | None:
        """The next line; a record with the reason when it cannot be had; None at the end."""
        try:
            raw = self._stream.readline(self._limit + 1)
            if len(raw) > self._limit and not raw.endswith(b"\n"):
                return self._skip_rest(raw)
        except BROKEN as error:
            self.number += 1
            reason = f"the file breaks off or is damaged here: {describe_break(error)}"
            return FileRecord(self.at, self.number, None, reason, last=True)
        if not raw:
            return None
        self.at += len(raw)
        self.number += 1
        return raw

    def _skip_rest(self, raw: bytes) -> FileRecord:
        digest = hashlib.sha256(raw)
        size = len(raw)
        while raw and not raw.endswith(b"\n"):
            raw = self._stream.readline(PIECE)
            digest.update(raw)
            size += len(raw)
        self.at += size
        self.number += 1
        reason = f"a line of {size} bytes, more than max_record_bytes ({self._limit})"
        return FileRecord(self.at, self.number, None, reason, digest.hexdigest(), size)


def _not_utf8(raw: bytes) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return f"not UTF-8 (byte {error.start} of the line)"
    return ""


def _refused(lines: _Lines, raw: bytes, reason: str) -> FileRecord:
    digest = hashlib.sha256(raw).hexdigest()
    return FileRecord(lines.at, lines.number, None, reason, digest, len(raw))


# --- JSON lines -----------------------------------------------------------------------------------


def _read_json_lines(source: SourceFile, start: Start, config: FilesConfig) -> Iterator[FileRecord]:
    with open_stream(source, start) as stream:
        lines = _Lines(stream, start, config.max_record_bytes)
        loads = orjson.loads
        while (raw := lines.next()) is not None:
            if isinstance(raw, FileRecord):
                yield raw
                if raw.last:
                    return
                continue
            try:
                value = loads(raw)
            except orjson.JSONDecodeError as error:
                if raw.strip(b" \t\r\n" + _BOM):
                    yield _json_refused(lines, raw, error)
                continue
            if isinstance(value, dict):
                yield FileRecord(lines.at, lines.number, value, size=len(raw))
            else:
                kind = type(value).__name__
                yield _refused(lines, raw, f"a JSON {kind}, not an object: one object a line")


def _json_refused(lines: _Lines, raw: bytes, error: orjson.JSONDecodeError) -> FileRecord:
    if raw.startswith(_BOM):
        try:
            value = orjson.loads(raw[len(_BOM) :])
        except orjson.JSONDecodeError:
            value = None
        if isinstance(value, dict):
            return FileRecord(lines.at, lines.number, value, size=len(raw))
    # Only orjson's own message and the position, so that no content reaches the quarantine.
    reason = _not_utf8(raw) or f"not JSON: {error.msg} (character {error.pos})"
    return _refused(lines, raw, reason)


# --- CSV ------------------------------------------------------------------------------------------


class _CsvLines:
    """Feeds the csv module line by line, and remembers what was wrong with the lines it fed."""

    def __init__(self, lines: _Lines) -> None:
        self.lines = lines
        self.problem: FileRecord | None = None
        self.digest = hashlib.sha256()
        self.size = 0

    def __iter__(self) -> _CsvLines:
        return self

    def __next__(self) -> str:
        raw = self.lines.next()
        if raw is None:
            raise StopIteration
        if isinstance(raw, FileRecord):
            self.problem = raw
            if raw.last:
                raise StopIteration
            return "\n"
        self.digest.update(raw)
        self.size += len(raw)
        reason = _not_utf8(raw)
        if reason:
            self.problem = _refused(self.lines, raw, reason)
        return raw.removeprefix(_BOM).decode(errors="replace")

    def forget(self) -> None:
        """Begin a new record."""
        self.problem = None
        self.digest = hashlib.sha256()
        self.size = 0


def _read_csv(
    source: SourceFile, start: Start, needed: tuple[str, ...], config: FilesConfig
) -> Iterator[FileRecord]:
    # The module's limit is one for the process; ours must at least reach max_record_bytes.
    csv.field_size_limit(max(csv.field_size_limit(), config.max_record_bytes))
    with open_stream(source, Start()) as stream:
        feed = _CsvLines(_Lines(stream, Start(), config.max_record_bytes))
        rows = csv.reader(feed, delimiter=config.delimiter, strict=True)
        header = _header(source, rows, feed, needed)
    if not header:
        return
    begin = start if start.at else Start(feed.lines.at, feed.lines.number)
    with open_stream(source, begin) as stream:
        feed = _CsvLines(_Lines(stream, begin, config.max_record_bytes))
        rows = csv.reader(feed, delimiter=config.delimiter, strict=True)
        while (record := _csv_record(rows, feed, header)) is not None:
            if record.value is not None or record.reason:
                yield record
            if record.last:
                return
            feed.forget()


def _header(
    source: SourceFile, rows: Iterator[list[str]], feed: _CsvLines, needed: tuple[str, ...]
) -> list[str]:
    try:
        header = [name.strip() for name in next(rows, [])]
    except csv.Error as error:
        raise SourceError(f"{source.path}: the header is not CSV: {error}") from error
    if feed.problem is not None:
        raise SourceError(f"{source.path}: the header cannot be read: {feed.problem.reason}")
    if header:
        require_columns(source, header, needed)
    return header


def _csv_record(rows: Iterator[list[str]], feed: _CsvLines, header: list[str]) -> FileRecord | None:
    reason = ""
    row: list[str] | None = None
    try:
        row = next(rows, None)
    except csv.Error as error:
        reason = f"not CSV: {error}"
    if feed.problem is not None:
        return feed.problem
    if row is None and not reason:
        return None
    lines = feed.lines
    if row and not reason and len(row) != len(header):
        reason = f"{len(row)} cells under {len(header)} columns"
    if reason:
        return FileRecord(lines.at, lines.number, None, reason, feed.digest.hexdigest(), feed.size)
    value = {name: cell for name, cell in zip(header, row or (), strict=False) if cell != ""}
    return FileRecord(lines.at, lines.number, value if row else None, size=feed.size)


# --- Parquet --------------------------------------------------------------------------------------


def _read_parquet(
    source: SourceFile, start: Start, needed: tuple[str, ...], config: FilesConfig
) -> Iterator[FileRecord]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not source.path.stat().st_size:
        return
    try:
        file = pq.ParquetFile(source.path)
    except pa.ArrowInvalid as error:
        reason = f"not a Parquet file: {str(error).splitlines()[0]}"
        yield FileRecord(0, 1, None, reason, last=True)
        return
    with file:
        require_columns(source, file.schema_arrow.names, needed)
        if file.metadata.num_rows < start.at:
            raise ChangedFileError(
                f"{source.path} has {file.metadata.num_rows} rows, less than the {start.at} "
                "already read: it was replaced; pull again from the start"
            )
        yield from _parquet_rows(file, start.at, min(config.page_size, 1024))


def _parquet_rows(file: Any, skip: int, batch_size: int) -> Iterator[FileRecord]:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa

    groups: list[int] = []
    passed = 0
    for index in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(index).num_rows
        if passed + rows > skip or groups:
            groups.append(index)
        else:
            passed += rows
    at = passed
    try:
        for batch in file.iter_batches(batch_size, row_groups=groups):
            for value in batch.to_pylist():
                at += 1
                if at > skip:
                    size = len(orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS))
                    yield FileRecord(at, at, value, size=size)
    except (pa.ArrowInvalid, OSError, orjson.JSONEncodeError) as error:
        reason = f"the file is damaged here: {str(error).splitlines()[0]}"
        yield FileRecord(at, at + 1, None, reason, last=True)


def require_columns(source: SourceFile, there: list[str], needed: tuple[str, ...]) -> None:
    """Refuse a table that lacks a needed column.

    A nested column counts as the dotted names below it.

    Raises:
        MissingColumnsError: with the columns that are there and those that are missing.
    """
    roots = set(there)
    missing = [name for name in needed if not _covered(name, roots)]
    if missing:
        raise MissingColumnsError(
            f"{source.path} has no column {', '.join(map(repr, missing))}; "
            f"it has: {', '.join(there)}"
        )


def _covered(name: str, columns: set[str]) -> bool:
    parts = name.split(".")
    return any(".".join(parts[:count]) in columns for count in range(1, len(parts) + 1))
