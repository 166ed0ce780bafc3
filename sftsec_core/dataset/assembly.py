"""Which rows of all parts a snapshot takes: the same parts give the same decision.

It is taken on digests and signatures alone, without a text, each time a snapshot is made: what an
incident is to others changes with each incident that comes or goes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sftsec_core.dataset.dedup.deduplicator import Deduplicator, relabelled
from sftsec_core.dataset.dedup.items import STATUSES, DedupDecisions, DedupStatus
from sftsec_core.dataset.dedup.signatures import SignatureIndex
from sftsec_core.dataset.dedup.tables import to_hex
from sftsec_core.dataset.parts import join_batches
from sftsec_core.dataset.sample import BottomK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_core.dataset.dedup.batch import DedupBatch
    from sftsec_core.dataset.parts import StoredPart
    from sftsec_core.dataset.plan import IngestPlan

_AT_ONCE = 65_536  # rows that are decided on at once
_DRAW = 512  # rows of a pool between two looks at what its sample may still take
_KEPT = STATUSES.index(DedupStatus.KEPT)
_SAME = STATUSES.index(DedupStatus.SAME)
_NOT_DRAWN = len(STATUSES)


@dataclass(slots=True)
class DecidedPart:
    """A part, and what was decided on its rows; arrays of shape (n,).

    Attributes:
        own: digests of their inputs, shape (n, 2).
        stands: of the rows that stand for them, shape (n, 2).
        clusters: of these rows.
        kept: whether the snapshot takes them.
        renamed: whether they are named by their content too.
    """

    part: StoredPart
    own: NDArray[np.uint64]
    stands: NDArray[np.uint64]
    clusters: NDArray[np.int64]
    kept: NDArray[np.bool_]
    renamed: NDArray[np.bool_]

    def rows(self) -> Any:  # noqa: ANN401 - pyarrow has no types
        """The rows that the snapshot takes, as its columns."""
        table = self.part.rows()
        cluster, digest = pa.array(self.clusters), to_hex(self.own)
        table = table.set_column(0, table.schema.field("uid"), self._uids(table))
        table = table.add_column(1, pa.field("cluster", pa.int64(), nullable=False), cluster)
        table = table.add_column(2, pa.field("digest", pa.string(), nullable=False), digest)
        return table.filter(pa.array(self.kept))

    def verdicts(self) -> Any:  # noqa: ANN401 - pyarrow has no types
        """All verdicts, with the names of the records that they are on."""
        table = self.part.verdicts()
        place = table["place"]
        uids = self._uids(self.part.rows(["uid"])).take(place)
        table = table.set_column(0, pa.field("uid", pa.string(), nullable=False), uids)
        stands = to_hex(self.stands).take(place.combine_chunks())
        return table.add_column(1, pa.field("digest", pa.string(), nullable=False), stands)

    def blob(self, digest: str) -> Path:
        """Where the bytes of an image lie."""
        return self.part.blob(digest)

    def _uids(self, table: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
        column = table["uid"]
        if not self.renamed.any():
            return column
        names, digests = column.to_pylist(), to_hex(self.own).to_pylist()
        for index in np.flatnonzero(self.renamed).tolist():
            names[index] = f"{names[index]}~{digests[index]}"
        return pa.chunked_array([pa.array(names, pa.string())])


@dataclass(slots=True)
class Assembly:
    """The parts of a snapshot, decided on.

    Attributes:
        counts: of all incidents, by what was decided on them.
        connectors: a connector's name to its part of the counts, where there are several.
        steps: what each step did.
    """

    parts: list[DecidedPart] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    connectors: dict[str, Counter[str]] = field(default_factory=dict)
    steps: dict[str, Counter[str]] = field(default_factory=dict)

    def signatures(self) -> SignatureIndex | None:
        """Those of the rows that the snapshot takes; None where there are none."""
        digests, bands, compact = [], [], []
        for each in self.parts:
            arrays = each.part.arrays()
            chosen = np.flatnonzero(each.kept & (arrays["signature"] >= 0))
            digests.append(each.own[chosen])
            bands.append(arrays["bands"][arrays["signature"][chosen]])
            compact.append(arrays["compact"][arrays["signature"][chosen]])
        if not digests:
            return None
        return SignatureIndex.of_rows(*map(np.concatenate, (digests, bands, compact)))


def assemble(parts: Iterable[StoredPart], plan: IngestPlan) -> Assembly:
    """Decide on all parts, in their order."""
    making = _Assembling(plan)
    for group in _groups(parts, 1 if plan.sample else _AT_ONCE):
        making.take(group)
    return making.finish()


def _groups(parts: Iterable[StoredPart], rows: int) -> Iterator[list[StoredPart]]:
    group: list[StoredPart] = []
    for part in parts:
        group.append(part)
        if sum(each.facts.rows for each in group) >= rows:
            yield group
            group = []
    if group:
        yield group


class _Assembling:
    """A decision under way."""

    def __init__(self, plan: IngestPlan) -> None:
        self._plan = plan
        self._dedupe = Deduplicator(plan.dedupe)
        self._sample = None if plan.sample is None else BottomK(*plan.sample)
        self._drawn: list[tuple[str, str]] = []
        self._position, self._limit = 0, None if self._sample is None else self._sample.limit()
        self._made = Assembly(steps={name: Counter() for name in plan.steps.counts()})

    def take(self, group: list[StoredPart]) -> None:
        """Decide on some parts at once."""
        arrays = [part.arrays() for part in group]
        batch = join_batches(arrays)
        if self._sample is None:
            found = self._dedupe.decide(batch)
        else:
            found = self._drawn_of(batch, self._sample, group[0].facts.connector)
        begin = 0
        for part, own in zip(group, arrays, strict=True):
            rows = slice(begin, begin + part.facts.rows)
            begin = rows.stop
            shares = found.shares_id[rows]
            decided = (own["digests"], found.digests[rows], found.clusters[rows])
            kept, renamed = found.status[rows] == _KEPT, own["renamed"] | shares
            self._made.parts.append(DecidedPart(part, *decided, kept, renamed))
            self._count(part, found.status[rows], shares)

    def _count(self, part: StoredPart, status: NDArray[np.int8], shares: NDArray[np.bool_]) -> None:
        counts = part.facts.counts.copy()
        for code, kind in enumerate(STATUSES):
            counts[kind.value] += int(np.count_nonzero(status == code))
        counts["sampled_out"] += int(np.count_nonzero(status == _NOT_DRAWN))
        counts["sharing_an_id"] += int(np.count_nonzero(shares & (status != _SAME)))
        self._made.counts.update(counts)
        if part.facts.connector:
            self._made.connectors.setdefault(part.facts.connector, Counter()).update(counts)
        for name, found in part.facts.steps.items():
            self._made.steps.setdefault(name, Counter()).update(found)

    def _drawn_of(self, batch: DedupBatch, sample: BottomK, connector: str) -> DedupDecisions:
        """Decide on a part of a pool: on what may be in the sample.

        What may be is looked at each so many rows of the whole pull, wherever parts end.
        """
        made = DedupDecisions.none(batch.digests, _NOT_DRAWN)
        begin = 0
        while begin < len(batch):
            end = min(len(batch), begin + _DRAW - self._position % _DRAW)
            names = to_hex(batch.digests[begin:end]).to_pylist()
            rows = np.array(
                [begin + n for n, one in enumerate(names) if sample.admits(one, self._limit)],
                np.int64,
            )
            found = self._dedupe.decide(batch.taken(rows))
            made.set(rows, found)
            self._draw(sample, to_hex(batch.digests[rows[found.status == _KEPT]]), connector)
            self._position += end - begin
            if self._position % _DRAW == 0:
                self._limit = sample.limit()
            begin = end
        return made

    def _draw(self, sample: BottomK, kept: Any, connector: str) -> None:  # noqa: ANN401 - pyarrow
        """Take what was kept into the sample, and count what goes for it."""
        made = self._made
        for digest in kept.to_pylist():
            self._drawn.append((digest, connector))
            for gone in sample.add(digest, connector):
                own = [made.connectors.setdefault(gone, Counter())] if gone else []
                for counts in (made.counts, *own):
                    counts["kept"] -= 1
                    counts["sampled_out"] += 1

    def finish(self) -> Assembly:
        """Tie the clusters, and leave out what the sample has no room for."""
        lowest: Mapping[int, int] = self._dedupe.final_clusters()
        names = self._dedupe.cluster_names()
        for each in self._made.parts:
            each.clusters = names[relabelled(each.clusters, lowest)]
        if self._sample is not None:
            chosen = np.array(self._sample.chosen(self._drawn), np.bool_)
            begin = 0
            for each in self._made.parts:
                own = np.flatnonzero(each.kept)
                each.kept[own] = chosen[begin : begin + len(own)]
                begin += len(own)
        return self._made
