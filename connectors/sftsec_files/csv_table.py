"""CSV: the header with what can be wrong with it, then the rows, each with its place.

A quote that does not close would make one cell of the rest of the file. Where that shows, at the
file's end, at `max_record_bytes` or at a quote amid a cell, the line in which it opens is rejected
and the next one begins a row.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter, deque
from typing import TYPE_CHECKING, NamedTuple

from sftsec_files.errors import SourceError
from sftsec_files.lines import BOM, UNENDED, Lines, may_go_on, refused, undecodable
from sftsec_files.streams import FileRecord, Start, open_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sftsec_files.config import FilesConfig
    from sftsec_files.sources import SourceFile

_DELIMITERS = ",;\t|"
_SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # Excel's own first line
_SHOWN = 80
_OPEN = "a quote opens in this line and does not close"


class Header(NamedTuple):
    """The columns of a file, what divides them, and where the rows begin."""

    names: list[str]
    delimiter: str
    end: Start


class _Line(NamedTuple):
    """A line with the position after it; `problem` when it cannot be read."""

    raw: bytes
    at: int
    number: int
    problem: FileRecord | None = None


class _CsvLines:
    """Feeds the csv module the lines of one row; lines can be given back."""

    def __init__(self, lines: Lines, encoding: str | None, limit: int) -> None:
        self._lines = lines
        self._encoding = encoding
        self._limit = limit
        self._again: deque[_Line] = deque()
        self.taken: list[_Line] = []
        self.size = 0

    def __iter__(self) -> _CsvLines:
        return self

    def __next__(self) -> str:
        line = self._peek() if self.size <= self._limit else None
        if line is None or line.problem is not None:
            raise StopIteration
        self._again.popleft()
        self.taken.append(line)
        self.size += len(line.raw)
        return _text(line)

    def begin(self) -> _Line | None:
        """Begin a row; return its first line, which is still to come."""
        self.taken, self.size = [], 0
        return self._peek()

    def skip(self) -> None:
        """Leave out the line that comes next."""
        self._again.popleft()

    def give_back(self, kept: int) -> None:
        """Let the lines after the first `kept` come again."""
        self._again.extendleft(reversed(self.taken[kept:]))
        del self.taken[kept:]

    def _peek(self) -> _Line | None:
        if not self._again:
            raw = self._lines.next()
            if raw is None:
                return None
            self._again.append(self._read(raw))
        return self._again[0]

    def _read(self, raw: bytes | FileRecord) -> _Line:
        lines = self._lines
        if isinstance(raw, FileRecord):
            return _Line(b"", lines.at, lines.number, raw)
        reason = undecodable(raw, self._encoding)
        problem = refused(lines, raw, reason) if reason else None
        if problem is not None and may_go_on(raw):
            problem = _unended(problem, len(raw))
        return _Line(raw, lines.at, lines.number, problem)


def _text(line: _Line) -> str:
    return line.raw.removeprefix(BOM).decode()


# --- the header -----------------------------------------------------------------------------------


def read_header(source: SourceFile, config: FilesConfig) -> Header | None:
    """Read the names of the columns; None of an empty file.

    Raises:
        SourceError: when it cannot be read, has two columns of a name that the configuration
            has, or is one column that holds other delimiters.
        OSError: when the file cannot be opened.
    """
    with open_stream(source, Start()) as stream:
        feed = _feed(Lines(stream, Start(), config.max_record_bytes), source, config)
        delimiter = _delimiter(source, config)
        while (line := feed.begin()) is not None:
            if line.problem is not None:
                raise SourceError(
                    f"{source.path}: the header cannot be read: {line.problem.reason}"
                )
            own = _SEPARATOR.fullmatch(_text(line))
            if not own and _text(line).strip():
                break
            delimiter = own[1] if own else delimiter
            feed.skip()
        if line is None:
            return None
        rows = csv.reader(feed, delimiter=delimiter, strict=True)
        try:
            found = next(rows)
        except csv.Error as error:
            raise SourceError(f"{source.path}: the header is not CSV: {_why(error)}") from error
        last = feed.taken[-1]
        names = [name.strip("\ufeff\u200b \t\r\n\xa0") for name in found]
        _check(source, names, delimiter, config)
        names += [""] * _surplus(feed, rows, len(names))
        return Header(names, delimiter, Start(last.at, last.number))


def _surplus(feed: _CsvLines, rows: Iterator[list[str]], columns: int) -> int:
    """How many empty cells the first row has more: some programs end each but the header so."""
    if feed.begin() is None:
        return 0
    try:
        row = next(rows, [])
    except csv.Error:  # the reader of the rows tells of it
        return 0
    return len(row) - columns if len(row) > columns and not any(row[columns:]) else 0


def _why(error: csv.Error) -> str:
    if "new-line character" in str(error):
        return "its lines end with CR alone, as of old Macs: save it as `CSV UTF-8`"
    return str(error)


def _feed(lines: Lines, source: SourceFile, config: FilesConfig) -> _CsvLines:
    # The module's limit is one for the process; ours must at least reach max_record_bytes.
    csv.field_size_limit(max(csv.field_size_limit(), config.max_record_bytes))
    return _CsvLines(lines, source.encoding, config.max_record_bytes)


def _delimiter(source: SourceFile, config: FilesConfig) -> str:
    by_suffix = ".tsv" in source.path.suffixes and "delimiter" not in config.model_fields_set
    return "\t" if by_suffix else config.delimiter


def _check(source: SourceFile, names: list[str], delimiter: str, config: FilesConfig) -> None:
    twice = [repr(name) for name in repeated(names) if name in _named(config)]
    if twice:
        raise SourceError(
            f"{source.path} has two columns named {', '.join(twice)}: nothing tells which one "
            "counts; rename one of them"
        )
    others = [each for each in _DELIMITERS if each != delimiter and each in names[0]]
    if len(names) == 1 and others:
        best = max(others, key=names[0].count)
        shown = '"\\t"' if best == "\t" else f"'{best}'"
        raise SourceError(
            f"{source.path}: with the delimiter {delimiter!r} the header is one column, "
            f"{names[0][:_SHOWN]!r}, in which {best!r} stands {names[0].count(best)} times: "
            f"set `delimiter: {shown}`"
        )


def repeated(names: list[str]) -> list[str]:
    """The names that several columns have."""
    return [name for name, count in Counter(filter(None, names)).items() if count > 1]


def _named(config: FilesConfig) -> set[str]:
    """The columns that the configuration names, of which there may be one only."""
    ids = [config.id] if isinstance(config.id, str) else list(config.id)
    fields = [config.label, *ids, config.timestamp, config.analyst, config.verdict_time]
    named = {name for name in fields if name}
    return {config.rename.get(name, name) for name in named} | set(config.rename.values())


# --- the rows -------------------------------------------------------------------------------------


def read_csv(source: SourceFile, start: Start, config: FilesConfig) -> Iterator[FileRecord]:
    """Read a file's rows from `start` on; an empty cell is a missing field.

    Raises:
        ChangedFileError: when the file is shorter than `start`.
        SourceError: when the header cannot be used.
        OSError: when it cannot be opened.
    """
    header = read_header(source, config)
    if header is None:
        return
    begin = start if start.at else header.end
    several = frozenset(repeated(header.names))
    with open_stream(source, begin) as stream:
        feed = _feed(Lines(stream, begin, config.max_record_bytes), source, config)
        rows = csv.reader(feed, delimiter=header.delimiter, strict=True)
        while (line := feed.begin()) is not None:
            if line.problem is not None:
                feed.skip()
                yield line.problem
                if line.problem.last:
                    return
                continue
            try:
                row = next(rows)
            except csv.Error as error:
                yield _misquoted(feed, error)
                continue
            if row:
                yield _record(feed, row, header.names, several)


def _record(
    feed: _CsvLines, row: list[str], names: list[str], several: frozenset[str]
) -> FileRecord:
    last = feed.taken[-1]
    if len(row) < len(names) and not last.raw.endswith((b"\n", b"\r")):
        return _unended(_refused(feed.taken, ""), sum(len(line.raw) for line in feed.taken))
    if len(row) != len(names):
        return _refused(feed.taken, f"{len(row)} cells under {len(names)} columns")
    value: dict[str, str | list[str]] = {
        name: cell
        for name, cell in zip(names, row, strict=True)
        if cell != "" and name and name not in several
    }
    for name in several:  # Jira writes a column for each comment
        cells = [cell for own, cell in zip(names, row, strict=True) if own == name and cell != ""]
        if cells:
            value[name] = cells if len(cells) > 1 else cells[0]
    return FileRecord(last.at, last.number, value, size=feed.size)


def _refused(lines: list[_Line], reason: str) -> FileRecord:
    digest = hashlib.sha256(b"".join(line.raw for line in lines)).hexdigest()
    size = sum(len(line.raw) for line in lines)
    return FileRecord(lines[-1].at, lines[-1].number, None, reason, digest, size)


def _unended(record: FileRecord, size: int) -> FileRecord:
    """A last row that may still be written, read again from its start when the file has grown."""
    return record._replace(reason=UNENDED, at=record.at - size, torn=True)


def _misquoted(feed: _CsvLines, error: csv.Error) -> FileRecord:
    """Reject the line in which a quote opens that does not close; those after it come again."""
    unended = "unexpected end" in str(error)
    if len(feed.taken) == 1 and unended and may_go_on(feed.taken[0].raw):
        return _unended(_refused(feed.taken, ""), len(feed.taken[0].raw))
    if len(feed.taken) == 1:
        return _refused(feed.taken, _OPEN if unended else f"not CSV: {error}")
    # At a quote amid a cell, the last line is the one that shows the error of an earlier one.
    feed.give_back(_opening(feed.taken if unended else feed.taken[:-1]) + 1)
    return _refused(feed.taken[-1:], _OPEN)


def _opening(lines: list[_Line]) -> int:
    """The last line whose last quote opens a cell."""
    found = quotes = 0
    for number, line in enumerate(lines):
        here = line.raw.count(b'"')
        quotes += here
        if here and quotes % 2:
            found = number
    return found
