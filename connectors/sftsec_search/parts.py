"""Of which parts a pull consists: ranges of sequence numbers, and groups of judged documents.

A part is pulled again when what it holds changed: documents in its range were added, changed or
deleted, the verdicts on them that stand elsewhere are others, the window leaves some out, or a
document that was looked up is another one (`lookups`). What cannot be told is pulled again.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.api.domain import IncidentPage
from sftsec_core.sdk.cursor import PullCursor
from sftsec_core.sdk.errors import errors_of
from sftsec_core.sdk.logged_states import LoggedStates, hashes_of
from sftsec_core.sdk.verdict_join import LoggedVerdicts, RecordPage
from sftsec_core.sdk.window import takes_the_same
from sftsec_search.identities import Identities
from sftsec_search.lookups import Lookups, found_again
from sftsec_search.paging import Scan, ScanQuery
from sftsec_search.positions import SearchPosition
from sftsec_search.pull import JoinedDocuments, join_of, log_of
from sftsec_search.ranges import RangeFinder, SeqStats, UncountableError

if TYPE_CHECKING:
    from sftsec_core.api.contracts import PullPart
    from sftsec_core.api.domain import PullWindow
    from sftsec_core.sdk.logged_states import LoggedGroup
    from sftsec_search.pull import Cluster, Log
    from sftsec_search.ranges import SeqRange
    from sftsec_search.reading import SourceReading
    from sftsec_search.sources import DocumentSource

_LOG = "verdicts"


def parts_of(cluster: Cluster, window: PullWindow, name: str) -> Iterator[PullPart]:
    """Say of which parts a pull consists, in its order.

    Args:
        cluster: where to read.
        window: which incidents.
        name: of the connector, for errors.

    Raises:
        ConnectorError: as `sftsec_search.pull.pull`.
    """
    join = join_of(cluster, window, None)
    join.refuse_private()
    log, known = log_of(cluster), Identities(cluster.client, cluster.retry)
    found = () if log is None else log.states(known)
    states = None if found is None else LoggedStates(found)
    pull = PartedPull(cluster, window, name, known, log, states)
    for source in cluster.sources:
        yield from pull.of_source(source)
    if join.reads_log():
        yield from pull.of_log()


@dataclass(frozen=True, slots=True)
class PartedPull:
    """What all parts of one pull share.

    Attributes:
        name: of the connector, for errors.
        known: the identities of the cluster's indices.
        log: the verdicts beside those in the sources.
        states: of the records that it names; None where they cannot be told.
    """

    cluster: Cluster
    window: PullWindow
    name: str
    known: Identities
    log: Log | None
    states: LoggedStates | None

    def of_source(self, source: DocumentSource) -> Iterator[PullPart]:
        """The parts of one source."""
        documents = JoinedDocuments(self.cluster, self.window, source)
        if self.window.labelled and not documents.has_verdicts:
            return
        reading = documents.reading()
        ranges = self._ranges(reading)
        if ranges is None:
            name = hashlib.sha256(source.name.encode()).hexdigest()
            yield RestPart(self, name, lambda cursor: self._whole(documents, cursor))
            return
        for each in ranges:
            yield RangePart(self, reading, each)

    def _ranges(self, reading: SourceReading) -> Iterator[SeqRange] | None:
        """The ranges of a source; None where what they hold cannot be told."""
        cluster, index = self.cluster, reading.source.index
        if self.states is None or self.window.until is not None or reading.checks_times:
            return None
        indices = self.known.of_all(index)
        if indices is None:
            return None
        most = cluster.config.page_size
        finder = RangeFinder(cluster.client, cluster.retry, index, reading.condition(), most)
        try:
            return finder.ranges(indices)
        except UncountableError:
            return None

    def _whole(self, documents: JoinedDocuments, cursor: str | None) -> Iterator[IncidentPage]:
        join = join_of(self.cluster, self.window, self.log)
        yield from join.source_pages(documents, PullCursor.decode(cursor, SearchPosition))

    def of_log(self) -> Iterator[PullPart]:
        """The parts of what the verdicts beside the sources tell of."""
        if self.log is None:
            return
        if self.states is None:
            yield RestPart(self, _LOG, self._whole_log)
            return
        for group in self.states.groups(self.cluster.config.page_size):
            yield JudgedPart(self, self.log, group)
        if self.log.rejected:
            yield RestPart(self, _LOG, lambda _cursor: self._rest_of_the_log())

    def _whole_log(self, cursor: str | None) -> Iterator[IncidentPage]:
        join = join_of(self.cluster, self.window, self.log)
        yield from join.log_pages(PullCursor.decode(cursor, SearchPosition))

    def _rest_of_the_log(self) -> Iterator[IncidentPage]:
        if self.log is not None:
            yield IncidentPage((), "", self.log.rejected)


@dataclass(slots=True)
class RestPart:
    """What cannot be told apart: it is pulled each time."""

    pull: PartedPull
    name: str
    read: Callable[[str | None], Iterator[IncidentPage]]

    def pages(self, cursor: str | None) -> Iterator[IncidentPage]:
        """Read it, after a page's cursor or from its start."""
        with errors_of(self.pull.name):
            yield from self.read(cursor)

    def proof(self) -> str:
        """It holds for nothing but this pull."""
        return ""

    def holds(self, proof: str) -> bool:
        """Never."""
        del proof
        return False


class _DocumentsInRange(JoinedDocuments):
    """The documents of one range, in the order of their sequence numbers."""

    def __init__(self, cluster: Cluster, reading: SourceReading, chosen: SeqRange) -> None:
        super().__init__(cluster, reading.window, reading.source)
        self._reading = reading
        self._chosen = chosen
        self.met: list[str] = []
        self.numbers: list[int] = []

    def pages(self, position: SearchPosition | None) -> Iterator[RecordPage[SearchPosition]]:
        """Read page by page."""
        reading, chosen = self._reading, self._chosen
        condition = {"bool": {"filter": [reading.condition(), *chosen.queries()]}}
        index, shard = reading.source.index, chosen.shard.number
        query = ScanQuery(index, None, condition, reading.includes, shard)
        for page in Scan(reading.cluster.client, reading.cluster.config, query, position):
            self.numbers += [hit["sort"][0] for hit in page.hits]
            found = self.record_page(page)
            self.met += [each.incident.uid for each in found.records]
            yield found
        self._own.say_refused(reading.source.index)


class RangePart:
    """Documents of one shard, by a range of their sequence numbers.

    Its name says which states of which documents the platform held when the parts were asked for.
    What is read is compared with it: what came in between is read again by the next pull.
    """

    def __init__(self, pull: PartedPull, reading: SourceReading, chosen: SeqRange) -> None:
        """Take what the parts share, how the source is read, and the range."""
        self.name = chosen.name(reading.source.name)
        self._pull = pull
        self._reading = reading
        self._chosen = chosen
        self._lookups = Lookups()
        self._proof = ""

    def pages(self, cursor: str | None) -> Iterator[IncidentPage]:
        """Read the range, after a page's cursor or from its start."""
        pull = self._pull
        with errors_of(pull.name):
            cluster = replace(pull.cluster, lookups=self._lookups)
            documents = _DocumentsInRange(cluster, self._reading, self._chosen)
            join = join_of(cluster, pull.window, pull.log)
            yield from join.source_pages(documents, PullCursor.decode(cursor, SearchPosition))
            # Of what a killed process read nothing is known.
            if cursor is None and SeqStats.of(documents.numbers) == self._chosen.stats:
                self._proof = self._prove(documents.met)

    def _prove(self, met: list[str]) -> str:
        pull, found = self._pull, self._lookups.to_json(self._pull.known)
        if pull.states is None or found is None:
            return ""
        uids = hashes_of(met)
        said: dict[str, Any] = {
            "since": pull.window.since and pull.window.since.isoformat(),
            "met": base64.b64encode(uids.tobytes()).decode(),
            "said": pull.states.said_of(uids),
            "lookups": found,
        }
        return orjson.dumps(said).decode()

    def proof(self) -> str:
        """What else the incidents depend on; "" when that is not known."""
        return self._proof

    def holds(self, proof: str) -> bool:
        """Whether verdicts, window and what was looked up are the same."""
        import numpy as np

        if not proof or self._pull.states is None:
            return False
        said = orjson.loads(proof)
        uids = np.frombuffer(base64.b64decode(said["met"]), np.uint64)
        return (
            _is_no_wider(self._pull.window, said["since"])
            and self._pull.states.said_of(uids) == said["said"]
            and found_again(self._pull.cluster, self._pull.known, said["lookups"])
        )


def _is_no_wider(window: PullWindow, since: str | None) -> bool:
    """Whether a window takes in nothing that one from `since` on left out."""
    if since is None or window.since is None:
        return since is None and window.since is None
    return window.since >= datetime.fromisoformat(since)


@dataclass(slots=True)
class _Times:
    """The first and the last of some times."""

    first: datetime | None = None
    last: datetime | None = None

    def meet(self, at: datetime | None) -> None:
        """Take one in."""
        if at is not None:
            self.first = at if self.first is None else min(self.first, at)
            self.last = at if self.last is None else max(self.last, at)


@dataclass(slots=True)
class JudgedPart:
    """Documents that verdicts beside the sources are on, in the order in which those were given."""

    pull: PartedPull
    log: Log
    group: LoggedGroup
    _lookups: Lookups = field(default_factory=Lookups)
    _times: _Times = field(default_factory=_Times)
    _known: bool = True

    @property
    def name(self) -> str:
        """Names the documents and what the log says of them."""
        return f"log-{self.group.digest}"

    def pages(self, cursor: str | None) -> Iterator[IncidentPage]:
        """Look up the documents, after a page's cursor or from the first."""
        pull = self.pull
        at = PullCursor.decode(cursor, SearchPosition).positions.get(_LOG)
        start = 0 if at is None else at.after[0]
        self._known = not start
        with errors_of(pull.name):
            cluster = replace(pull.cluster, lookups=self._lookups)
            join = join_of(cluster, pull.window, self.log)
            size = cluster.config.page_size
            for first in range(start, len(self.group.uids), size):
                uids = self.group.uids[first : first + size]
                verdicts, unusable = self.log.read(uids)
                logged = [LoggedVerdicts(uid, verdicts[uid]) for uid in uids if uid in verdicts]
                found, rejected = join.looked_up(logged, self._times.meet)
                after = PullCursor({_LOG: SearchPosition((first + len(uids),))}).encode()
                yield IncidentPage(tuple(found), after, (*unusable, *rejected))

    def proof(self) -> str:
        """Which documents were found, and when they were; "" when that is not known."""
        found = self._lookups.to_json(self.pull.known) if self._known else None
        if found is None or self.pull.window.until is not None:
            return ""
        since, times = self.pull.window.since, self._times
        told = [each and each.isoformat() for each in (since, times.first, times.last)]
        return orjson.dumps({"times": told, "lookups": found}).decode()

    def holds(self, proof: str) -> bool:
        """Whether the window takes the same documents, and they are as they were."""
        if not proof:
            return False
        said = orjson.loads(proof)
        times = [each and datetime.fromisoformat(each) for each in said["times"]]
        return takes_the_same(self.pull.window, *times) and found_again(
            self.pull.cluster, self.pull.known, said["lookups"]
        )
