"""Pages of incidents from a list of files, with a cursor that resumes right after a page."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.api.domain import Incident, IncidentPage, PullWindow, Rejection
from sftsec_core.sdk.errors import CursorError
from sftsec_core.sdk.records import UnusableError
from sftsec_files.errors import ChangedFileError
from sftsec_files.mapping import RecordMapper
from sftsec_files.readers import read
from sftsec_files.sources import find_sources
from sftsec_files.streams import FileRecord, Start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sftsec_files.config import FilesConfig
    from sftsec_files.sources import SourceFile

_PAGE_BYTES = 8 << 20  # a page of long records ends early, so that memory is bounded in bytes
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class FilesCursor:
    """A place right after a record.

    Attributes:
        file: path of the file, as it is listed.
        start: the position in it.
        head: digest of the file's first bytes, to notice that it was replaced.
        head_bytes: how many bytes that is.
        done: whether the file cannot be read further (it is damaged after this place).
    """

    file: str
    start: Start
    head: str
    head_bytes: int
    done: bool = False

    def encode(self) -> str:
        """Return the cursor as an opaque string."""
        parts = [self.file, *self.start, self.head, self.head_bytes, self.done]
        return base64.urlsafe_b64encode(orjson.dumps(parts)).decode()

    @classmethod
    def decode(cls, encoded: str) -> FilesCursor:
        """Read what `encode` wrote.

        Raises:
            CursorError: when it is not such a string.
        """
        try:
            parts: list[Any] = orjson.loads(base64.urlsafe_b64decode(encoded))
            file, at, number, head, head_bytes, done = parts
            return cls(str(file), Start(int(at), int(number)), str(head), int(head_bytes), done)
        except (ValueError, TypeError) as error:
            raise CursorError("the cursor is not one of this connector's") from error


@dataclass(slots=True)
class _FilesPage:
    """A page under way."""

    incidents: list[Incident] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    read: int = 0
    bytes: int = 0


def pull(config: FilesConfig, window: PullWindow, cursor: str | None) -> Iterator[IncidentPage]:
    """Read the files' incidents, sorted by path and then by place, a page at a time.

    Args:
        config: the files and their fields.
        window: which incidents; the bounds of time are compared with the event's time.
        cursor: a page's cursor, to resume after it.

    Yields:
        Pages of at most `page_size` incidents and about 8 MiB; the last may be empty, when
        records follow the last incident that the window leaves out.

    Raises:
        ChangedFileError: when the file of the cursor is gone, shorter, or begins differently.
        SourceError: when a file cannot be read at all.
    """
    for source, start in _remaining(find_sources(config), cursor):
        yield from _pages(source, start, window, config)


def _remaining(
    sources: list[SourceFile], encoded: str | None
) -> Iterator[tuple[SourceFile, Start]]:
    if encoded is None:
        yield from ((source, Start()) for source in sources)
        return
    cursor = FilesCursor.decode(encoded)
    by_path = {str(source.path): source for source in sources}
    if cursor.file not in by_path:
        raise ChangedFileError(
            f"{cursor.file}, which the cursor names, is gone; pull again from the start"
        )
    if _head(by_path[cursor.file].path, cursor.head_bytes) != cursor.head:
        raise ChangedFileError(
            f"{cursor.file} begins differently than when the cursor was issued: it was replaced; "
            "pull again from the start"
        )
    for source in sources:
        if str(source.path) == cursor.file and not cursor.done:
            yield source, cursor.start
        elif str(source.path) > cursor.file:
            yield source, Start()


def _head(path: Path, count: int) -> str:
    with path.open("rb") as stream:
        return hashlib.sha256(stream.read(count)).hexdigest()[:16]


def _pages(
    source: SourceFile, start: Start, window: PullWindow, config: FilesConfig
) -> Iterator[IncidentPage]:
    mapper = RecordMapper(config, window, source)
    page = _FilesPage()
    record: FileRecord | None = None
    for record in read(source, start, _needed(config, window), config):
        _add(page, mapper, record, source)
        full = len(page.incidents) + len(page.rejected) >= config.page_size
        if full or page.bytes >= _PAGE_BYTES:
            yield _close(page, source, record)
            page = _FilesPage()
    if record is not None and page.read:
        yield _close(page, source, record)


def _needed(config: FilesConfig, window: PullWindow) -> tuple[str, ...]:
    needed = list(window.fields)
    if window.labelled:
        needed.append(config.label)
    named = {"label", "timestamp"} & config.model_fields_set
    if window.labelled is False:
        named -= {"label"}
    needed += config.id if "id" in config.model_fields_set else ()
    needed += [getattr(config, name) for name in sorted(named)]
    needed += [name for name in (config.analyst, config.verdict_time) if name and window.labelled]
    return tuple(dict.fromkeys(needed))


def _add(page: _FilesPage, mapper: RecordMapper, record: FileRecord, source: SourceFile) -> None:
    page.read += 1
    page.bytes += record.size if record.value is not None else 0
    if record.value is None:
        where = f"{source.path}:{record.number}"
        page.rejected.append(Rejection(where, record.reason, record.digest))
        return
    try:
        incident = mapper.incident(record.value, record.size)
    except UnusableError as error:
        raw = orjson.dumps(record.value, default=str) if _shallow(error) else b""
        digest = hashlib.sha256(raw).hexdigest() if raw else ""
        page.rejected.append(Rejection(f"{source.path}:{record.number}", str(error), digest))
        return
    if incident is not None:
        page.incidents.append(incident)


def _shallow(error: UnusableError) -> bool:
    """Whether the record can be serialised again: orjson stops at 254 levels."""
    return "deeper" not in str(error)


def _close(page: _FilesPage, source: SourceFile, record: FileRecord) -> IncidentPage:
    head_bytes = min(_HEAD_BYTES, source.path.stat().st_size)
    if source.format in ("jsonl", "csv") and not source.gzipped:
        head_bytes = min(head_bytes, record.at)
    start = Start(record.at, record.number)
    head = _head(source.path, head_bytes)
    cursor = FilesCursor(str(source.path), start, head, head_bytes, record.last)
    return IncidentPage(tuple(page.incidents), cursor.encode(), tuple(page.rejected))
