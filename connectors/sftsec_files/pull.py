"""Pages of incidents from a list of files, with a cursor that resumes right after a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_files.columns import FieldCheck, needed_fields
from sftsec_files.cursor import FilesCursor, mark
from sftsec_files.errors import SourceError
from sftsec_files.mapping import RecordMapper
from sftsec_files.page import FilesPage
from sftsec_files.readers import read
from sftsec_files.sources import find_sources
from sftsec_files.verdicts import VerdictFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sftsec_core.api.domain import IncidentPage, PullWindow
    from sftsec_files.config import FilesConfig
    from sftsec_files.sources import SourceFile
    from sftsec_files.streams import Start


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
        self._page = FilesPage()
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
        page, self._page = self._page.close(self._state.encode()), FilesPage()
        return page
