"""A page of incidents, gathered record by record."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from sftsec_core.api.domain import Incident, IncidentPage, Rejection
from sftsec_core.sdk.records import UnusableError

if TYPE_CHECKING:
    from sftsec_files.config import FilesConfig
    from sftsec_files.mapping import RecordMapper
    from sftsec_files.sources import SourceFile
    from sftsec_files.streams import FileRecord

_PAGE_BYTES = 8 << 20  # a page of long records ends early, so that memory is bounded in bytes


@dataclass(slots=True)
class FilesPage:
    """A page under way; it may go over several files."""

    incidents: list[Incident] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    read: int = 0
    bytes: int = 0

    def is_full(self, config: FilesConfig) -> bool:
        """Whether it is time to bring it."""
        count = len(self.incidents) + len(self.rejected)
        return count >= config.page_size or self.bytes >= _PAGE_BYTES

    def add(self, record: FileRecord, mapper: RecordMapper, source: SourceFile) -> None:
        """Take a record, as an incident or with the reason why it is none."""
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

    def close(self, cursor: str) -> IncidentPage:
        """Return the page, with the cursor after it."""
        return IncidentPage(tuple(self.incidents), cursor, tuple(self.rejected))


def _shallow(error: UnusableError) -> bool:
    """Whether the record can be serialised again: orjson stops at 254 levels."""
    return "deeper" not in str(error)
