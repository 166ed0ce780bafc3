"""One reader a format: a file's records, one at a time, with the position after each.

Nothing is read whole. A line longer than the limit is hashed and skipped in pieces. A record
that cannot be read comes out with a reason; a file that breaks off comes out as one last such
record with `last` set, after everything that stood before the break.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.sdk.json_values import read_json
from sftsec_files.csv_table import read_csv, read_header
from sftsec_files.documents import TWICE, read_document, watched_keys
from sftsec_files.errors import ChangedFileError, SourceError
from sftsec_files.lines import BOM, UNENDED, Lines, may_go_on, nearly_json, refused, undecodable
from sftsec_files.log_lines import read_log_lines
from sftsec_files.mail import read_eml, read_mbox
from sftsec_files.packing import why_refused
from sftsec_files.streams import FileRecord, Start, open_stream
from sftsec_files.wrappers import bulk_action

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sftsec_files.config import FilesConfig
    from sftsec_files.mail import read_eml, read_mbox
from sftsec_files.sources import SourceFile


def read(
    source: SourceFile, start: Start, needed: tuple[str, ...], config: FilesConfig
) -> Iterator[FileRecord]:
    """Read a file's records from `start` on.

    Args:
        source: the file.
        start: where to begin.
        needed: fields that are asked for.
        config: limits and the CSV delimiter.

    Raises:
        ChangedFileError: when the file is shorter than `start`.
        SourceError: when the file cannot be opened, or a table's header cannot be used.
    """
    try:
        if source.format in _READERS:
            yield from _READERS[source.format](source, start, config)
        elif source.format == "json":
            yield from read_document(source, start, needed, config)
        else:
            yield from _read_json_lines(source, start, needed, config)
    except OSError as error:
        raise SourceError(f"{source.path} cannot be read: {error.strerror or error}") from error


# --- JSON lines -----------------------------------------------------------------------------------


def _read_json_lines(
    source: SourceFile, start: Start, needed: tuple[str, ...], config: FilesConfig
) -> Iterator[FileRecord]:
    with open_stream(source, start) as stream:
        lines = Lines(stream, start, config.max_record_bytes)
        reader = _LineReader(lines, watched_keys(needed, config), source.encoding)
        while (raw := lines.next()) is not None:
            if isinstance(raw, FileRecord):
                reader.forget()
                yield raw
                if raw.last:
                    return
            elif (record := reader.read(raw)) is not None:
                yield record


class _LineReader:
    """Makes records of the lines of one file."""

    def __init__(self, lines: Lines, watched: frozenset[str], encoding: str | None) -> None:
        self._lines = lines
        self._watched = watched
        # orjson takes the last of two values of a key: only a line that may have two is looked at.
        self._quoted = [b'"%b"' % name.encode() for name in watched]
        self._encoding = encoding
        self._action: dict[str, Any] | None = None

    def forget(self) -> None:
        """Take an action for one of a line that could not be read: a pull may resume after that."""
        self._action = None

    def read(self, raw: bytes) -> FileRecord | None:
        """Read a line; None where it holds no record: a blank one, an action of a bulk request."""
        try:
            value = read_json(raw)
        except orjson.JSONDecodeError as error:
            return self._nearly(raw, error) if raw.strip(b" \t\r\n" + BOM) else None
        return self._record(raw, value)

    def _record(self, raw: bytes, value: object) -> FileRecord | None:
        lines = self._lines
        if not isinstance(value, dict):
            self.forget()
            kind = type(value).__name__
            return refused(lines, raw, f"a JSON {kind}, not an object: one object a line")
        if any(raw.count(name) > 1 for name in self._quoted):
            twice = _twice(raw, self._watched)
            if twice is not None:
                self.forget()
                return refused(lines, raw, TWICE.format(twice))
        action, self._action = self._action, None
        if action is not None:
            value = {**action, "_source": value}
        elif len(value) == 1:
            self._action = bulk_action(value)
            if self._action is not None:
                return None
        return FileRecord(lines.at, lines.number, value, size=len(raw))

    def _nearly(self, raw: bytes, error: orjson.JSONDecodeError) -> FileRecord | None:
        value = nearly_json(raw)
        if isinstance(value, dict):
            return self._record(raw.removeprefix(BOM).strip().removesuffix(b","), value)
        # Only orjson's own message and the position, so that no content reaches the quarantine.
        # A last line that may still be written is read again, when the file has grown.
        torn = not raw.endswith(b"\n")
        goes_on = may_go_on(raw) and raw.lstrip(b" \t" + BOM).startswith(b"{")
        reason = UNENDED if goes_on else undecodable(raw, self._encoding)
        reason = reason or f"not JSON: {error.msg} (character {error.pos})"
        self.forget()
        found = refused(self._lines, raw, reason)
        return found._replace(at=found.at - len(raw), torn=True) if torn else found


def _twice(raw: bytes, watched: frozenset[str]) -> str | None:
    """The first watched key that one object of the line has with two values."""
    found: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        first: dict[str, Any] = {}
        for key, value in pairs:
            if first.setdefault(key, value) != value and key in watched:
                found.append(key)
        return first

    try:
        json.loads(raw, object_pairs_hook=look)
    except RecursionError:
        return None  # refused for its depth
    return found[0] if found else None


# --- Parquet --------------------------------------------------------------------------------------


def _read_parquet(source: SourceFile, start: Start, config: FilesConfig) -> Iterator[FileRecord]:
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
        _refuse_equal(source, file.schema_arrow.names)
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


def _refuse_equal(source: SourceFile, names: list[str]) -> None:
    twice = [repr(name) for name, count in Counter(names).items() if count > 1]
    if twice:
        raise SourceError(
            f"{source.path} has two columns named {', '.join(twice)}: nothing tells which one "
            "counts; rename one of them"
        )


def _refuse(source: SourceFile, _start: Start, _config: FilesConfig) -> Iterator[FileRecord]:
    yield FileRecord(0, 1, None, why_refused(source.path) or "of no known kind", last=True)


_READERS: dict[str, Callable[[SourceFile, Start, FilesConfig], Iterator[FileRecord]]] = {
    "parquet": _read_parquet,
    "eml": read_eml,
    "mbox": read_mbox,
    "refused": _refuse,
    "csv": read_csv,
    "lines": read_log_lines,
}


# --- the columns of a table -----------------------------------------------------------------------


def columns_of(source: SourceFile, config: FilesConfig) -> list[str]:
    """The names of a table's columns, without reading its rows; none where it cannot be read.

    Raises:
        SourceError: when its header cannot be used.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if source.format == "csv":
            header = read_header(source, config)
            return [] if header is None else [name for name in header.names if name]
        return list(pq.read_schema(source.path).names)
    except pa.ArrowInvalid:
        return []  # the reader reports it
    except OSError as error:
        raise SourceError(f"{source.path} cannot be read: {error.strerror or error}") from error
