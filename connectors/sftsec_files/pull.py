"""Pages of incidents from a list of files, with a cursor that resumes right after a page."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from sftsec_core.api.domain import Incident, IncidentPage, PullWindow, Rejection
from sftsec_core.sdk.records import UnusableError
from sftsec_files.columns import FieldCheck, needed_fields
from sftsec_files.cursor import FilesCursor, mark
from sftsec_files.errors import SourceError
from sftsec_files.mapping import RecordMapper
from sftsec_files.readers import read
from sftsec_files.sources import find_sources
from sftsec_files.streams import FileRecord, Start
from sftsec_files.verdicts import VerdictFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sftsec_files.config import FilesConfig
    from sftsec_files.sources import SourceFile

_PAGE_BYTES = 8 << 20  # a page of long records ends early, so that memory is bounded in bytes


@dataclass(slots=True)
class _FilesPage:
    """A page under way; it may go over several files."""

    incidents: list[Incident] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    read: int = 0
    bytes: int = 0

    def is_full(self, config: FilesConfig) -> bool:
        count = len(self.incidents) + len(self.rejected)
        return count >= config.page_size or self.bytes >= _PAGE_BYTES

    def add(self, record: FileRecord, mapper: RecordMapper, source: SourceFile) -> None:
        self.read += 1
        self.bytes += record.size if record.value is not None else 0
        where = f"{source.path}:{record.number}"
        if record.value is None:
            self.rejected.append(Rejection(where, record.reason, record.digest))
            return
        try:
            incident = mapper.incident(record.value, record.size)
        except UnusableError as error:
            raw = orjson.dumps(record.value, default=str) if _shallow(error) else b""
            digest = hashlib.sha256(raw).hexdigest() if raw else ""
            self.rejected.append(Rejection(where, str(error), digest))
            return
        if incident is not None:
            self.incidents.append(incident)

    def close(self, cursor: FilesCursor) -> IncidentPage:
        return IncidentPage(tuple(self.incidents), cursor.encode(), tuple(self.rejected))


def pull(config: FilesConfig, window: PullWindow, cursor: str | None) -> Iterator[IncidentPage]:
    """Read the files' incidents, sorted by path and then by place, a page at a time.

    Args:
        config: the files and their fields.
        window: which incidents; the bounds of time are compared with the event's time.
        cursor: a page's cursor, to resume after it: what was appended is read on, a file that is
            new or was replaced is read from its start.

    Yields:
        Pages of at most `page_size` incidents and about 8 MiB; the last may be empty, when
        records follow the last incident that the window leaves out.

    Raises:
        MissingColumnsError: when no header and no record has a required field.
        SourceError: when a file cannot be read at all.
    """
    # Said by the first of many pulls: a folder's notes are left out each night.
    sources = find_sources(config, warn=cursor is None)
    yield from _Pull(config, window, sources, cursor).pages()


def _shallow(error: UnusableError) -> bool:
    """Whether the record can be serialised again: orjson stops at 254 levels."""
    return "deeper" not in str(error)


class _Pull:
    """A pull under way."""

    def __init__(
        self,
        config: FilesConfig,
        window: PullWindow,
        sources: Sequence[SourceFile],
        cursor: str | None,
    ) -> None:
        self._config = config
        self._window = window
        self._sources = sources
        self._page = _FilesPage()
        self._log = None if config.verdicts is None else VerdictFile.read(config.verdicts)
        # A part of the records says nothing about the others.
        self._reads_all = cursor is None and window.since is window.until is None
        if self._log is not None and cursor is None:
            self._page.rejected += self._log.rejected
            self._page.read += len(self._log.rejected)
        try:
            self._state = FilesCursor.decode(cursor, sources) if cursor else FilesCursor()
        except OSError as error:
            raise SourceError(f"{error.filename}: {error.strerror or error}") from error
        self._check = FieldCheck(config, window, self._state.missing if cursor else None)

    def pages(self) -> Iterator[IncidentPage]:
        self._check.check_tables(self._sources)
        for source in self._sources:
            start = self._state.start_of(source)
            if start is not None:
                yield from self._read(source, start)
        if self._log is not None and self._reads_all and self._window.labelled is not False:
            found = self._log.unmatched()
            self._page.rejected += found
            self._page.read += len(found)
        if self._page.read:
            yield self._close()
        self._check.finish(self._sources)

    def _read(self, source: SourceFile, start: Start) -> Iterator[IncidentPage]:
        config, needed = source.config, needed_fields(source.config, self._window)
        mapper = RecordMapper(config, self._window, source, self._check, self._log)
        size = source.path.stat().st_size
        record = None
        for record in read(source, start, needed, config):
            self._page.add(record, mapper, source)
            if self._page.is_full(config):
                self._state.marks[source.path] = mark(source, record.end, size, done=record.last)
                yield self._close()
        end = start if record is None else record.end
        self._state.marks[source.path] = mark(source, end, size, done=True)

    def _close(self) -> IncidentPage:
        self._state.missing = tuple(self._check.missing)
        page, self._page = self._page.close(self._state), _FilesPage()
        return page
