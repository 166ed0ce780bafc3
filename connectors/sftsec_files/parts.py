"""What a pull of files is made of: blocks of large files, and groups of small ones.

A part holds again when its bytes are the same (they are in its name), the verdicts that are logged
elsewhere on its records are, and the window takes and leaves out the same of them.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.sdk.errors import errors_of
from sftsec_core.sdk.window import takes_the_same
from sftsec_files.columns import FieldCheck, needed_fields
from sftsec_files.extents import Extent, group_name, grouped
from sftsec_files.mapping import RecordMapper
from sftsec_files.page import FilesPage
from sftsec_files.readers import read
from sftsec_files.sources import find_sources
from sftsec_files.streams import Start
from sftsec_files.verdicts import VerdictFile, verdict_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sftsec_core.api.domain import IncidentPage, PullWindow
    from sftsec_files.config import FilesConfig

_LOG = "verdict-log"


def parts_of(config: FilesConfig, window: PullWindow, name: str) -> Iterator[FilesPart | LogPart]:
    """Say of which parts a pull of the files consists, in its order.

    Args:
        config: the files and their fields.
        window: which incidents.
        name: of the connector, for errors.

    Raises:
        MissingColumnsError: when no header and no record has a required field.
        SourceError: when a file cannot be read at all.
    """
    sources = find_sources(config)
    pull = _FilesPull(config, window, name, FieldCheck(config, window))
    pull.check.check_tables(sources)
    for group in grouped(sources):
        yield FilesPart(pull, tuple(group))
    if pull.log is not None:
        yield LogPart(pull)
    if not pull.reused:
        pull.check.finish(sources)


@dataclass(slots=True)
class _FilesPull:
    """What all parts of one pull share.

    Attributes:
        reused: whether a part was taken from an earlier pull, which has seen the fields of it.
        logged: hash of each logged uid, sorted, and the uids in that order.
    """

    config: FilesConfig
    window: PullWindow
    name: str
    check: FieldCheck
    reused: bool = False
    log: VerdictFile | None = field(init=False)
    logged: tuple[NDArray[np.uint64], list[str]] = field(init=False)

    def __post_init__(self) -> None:
        import numpy as np

        config = self.config
        self.log = None if config.verdicts is None else VerdictFile.read(config.verdicts)
        by_hash = {_hashed(uid): uid for uid in (self.log.counted if self.log else ())}
        hashes = sorted(by_hash)
        self.logged = np.array(hashes, np.uint64), [by_hash[one] for one in hashes]

    def said_of(self, uids: NDArray[np.uint64]) -> str:
        """A digest of the verdicts that are logged on some records; they are not missing."""
        import numpy as np

        digest = hashlib.blake2b(digest_size=20)
        hashes, names = self.logged
        for place in np.flatnonzero(np.isin(hashes, uids)).tolist():
            if self.log is not None:
                for verdict in self.log.of(names[place]):
                    digest.update(orjson.dumps(verdict_row(names[place], verdict)) + b"\n")
        return digest.hexdigest()


@dataclass(slots=True)
class Seen:
    """What was met in a part, whether or not the window takes it.

    Attributes:
        first, last: times of records.
        uids: hashes of the records' uids, where a log may have verdicts on them.
    """

    first: datetime | None = None
    last: datetime | None = None
    uids: list[int] = field(default_factory=list)

    def time(self, at: datetime | None) -> None:
        """Meet a record's time."""
        if at is not None:
            self.first = at if self.first is None else min(self.first, at)
            self.last = at if self.last is None else max(self.last, at)

    def uid(self, uid: str) -> None:
        """Meet a record's uid."""
        self.uids.append(_hashed(uid))


class FilesPart:
    """Some extents of files, read one after the other."""

    def __init__(self, pull: _FilesPull, extents: Sequence[Extent]) -> None:
        """Take what the parts share, and the extents."""
        self.name = group_name(extents)
        self._pull = pull
        self._extents = extents
        self._seen: Seen | None = Seen()

    def pages(self, cursor: str | None) -> Iterator[IncidentPage]:
        """Bring the incidents a page at a time, after a cursor or from the start."""
        if cursor is not None:
            self._seen = None  # of what a killed process read nothing is known
        with errors_of(self._pull.name):
            yield from self._pages(cursor)

    def _pages(self, cursor: str | None) -> Iterator[IncidentPage]:
        config = self._pull.config
        first, at, number = orjson.loads(cursor) if cursor else (0, 0, 0)
        page = FilesPage()
        for index in range(first, len(self._extents)):
            extent = self._extents[index]
            start = Start(at, number) if cursor and index == first else extent.start
            mapper = self._mapper(extent)
            needed = needed_fields(extent.source.config, self._pull.window)
            for record in read(extent.source, start, needed, extent.source.config):
                if extent.end is not None and record.at > extent.end:
                    break
                page.add(record, mapper, extent.source)
                if page.is_full(config):
                    yield page.close(orjson.dumps([index, *record.end]).decode())
                    page = FilesPage()
                if record.at == extent.end:
                    break
        if page.read:
            yield page.close(orjson.dumps([len(self._extents), 0, 0]).decode())

    def _mapper(self, extent: Extent) -> RecordMapper:
        pull, source = self._pull, extent.source
        return RecordMapper(source.config, pull.window, source, pull.check, pull.log, self._seen)

    def proof(self) -> str:
        """What else the incidents depend on; "" when that is not known."""
        import numpy as np

        seen, window = self._seen, self._pull.window
        unchanged = all(extent.is_as_digested for extent in self._extents)
        if seen is None or not unchanged or window.until is not None or self._names_pictures:
            return ""
        uids = np.unique(np.array(seen.uids, np.uint64))
        said: dict[str, Any] = {
            "since": window.since and window.since.isoformat(),
            "first": seen.first and seen.first.isoformat(),
            "last": seen.last and seen.last.isoformat(),
            "uids": base64.b64encode(uids.tobytes()).decode(),
            "verdicts": self._pull.said_of(uids),
        }
        return orjson.dumps(said).decode()

    @property
    def _names_pictures(self) -> bool:
        """Whether its incidents depend on other files too, which may change under their names."""
        return any(extent.source.config.images for extent in self._extents)

    def holds(self, proof: str) -> bool:
        """Whether the log says the same of the records, and the window takes the same ones."""
        if not proof:
            return False
        import numpy as np

        said = orjson.loads(proof)
        times = [said[name] and datetime.fromisoformat(said[name]) for name in _TIMES]
        if not takes_the_same(self._pull.window, *times):
            return False
        uids = np.frombuffer(base64.b64decode(said["uids"]), np.uint64)
        if self._pull.said_of(uids) != said["verdicts"]:
            return False
        self._pull.reused = True
        return True


_TIMES = ("since", "first", "last")


class LogPart:
    """What the log of verdicts brings by itself: lines without use, verdicts on no record."""

    name = _LOG

    def __init__(self, pull: _FilesPull) -> None:
        """Take what the parts share."""
        self._pull = pull

    def pages(self, cursor: str | None) -> Iterator[IncidentPage]:
        """Bring one page without an incident, or none."""
        del cursor
        log, window = self._pull.log, self._pull.window
        if log is None:
            return
        page = FilesPage(rejected=list(log.rejected))
        if window.since is window.until is None and window.labelled is not False:
            page.rejected += log.unmatched()
        if page.rejected:
            yield page.close("")

    def proof(self) -> str:
        """It holds for nothing but this pull."""
        return ""

    def holds(self, proof: str) -> bool:
        """Never: it is small, and depends on all records."""
        del proof
        return False


def _hashed(uid: str) -> int:
    raw = uid.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "little")
