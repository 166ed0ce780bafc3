"""Documents of a shard by their sequence numbers: what of an index changed, asked without reading.

Each write in a shard, of a new document or of a change, takes the next sequence number, for ever.
So documents that are added to a range, or changed within it, raise its largest number or the sum
of its numbers, and those that are deleted or leave it lower their count: what a range holds is told
by count, least, largest and sum, which one aggregation gives.

Ranges are aligned to powers of two and halved until few enough documents are in one. Where a range
begins and ends depends on the documents near it alone, and what is new is in the last ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_search.paging import SEQ_NO

if TYPE_CHECKING:
    from sftsec_core.sdk.retry import RetryPolicy
    from sftsec_search.client import SearchClient
    from sftsec_search.identities import IndexIdentity

Query = dict[str, Any]
_CELLS = 10  # a range is asked for in so many halvings at once
_STATS = {"stats": {"field": SEQ_NO}}


@dataclass(frozen=True, slots=True)
class SeqStats:
    """Of the sequence numbers of some documents: how many, the least, the largest, their sum."""

    count: int = 0
    least: int = 0
    most: int = 0
    total: int = 0

    @classmethod
    def of(cls, numbers: Sequence[int]) -> SeqStats:
        """Of these numbers."""
        return cls(len(numbers), min(numbers), max(numbers), sum(numbers)) if numbers else cls()

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> SeqStats:
        """Of an aggregation's answer."""
        count = int(answer["count"])
        if not count:
            return cls()
        return cls(count, *(int(answer[name]) for name in ("min", "max", "sum")))

    def __add__(self, other: SeqStats) -> SeqStats:
        """Of both."""
        if not self.count or not other.count:
            return self if self.count else other
        least, most = min(self.least, other.least), max(self.most, other.most)
        return SeqStats(self.count + other.count, least, most, self.total + other.total)


@dataclass(frozen=True, slots=True)
class ShardPlace:
    """One shard of one index."""

    index: str
    identity: str
    number: int


@dataclass(frozen=True, slots=True)
class SeqRange:
    """The documents of a shard with sequence numbers from `start` up to, and without, `end`.

    `end` is None for the last range, which takes in what is written meanwhile.
    """

    shard: ShardPlace
    start: int
    end: int | None
    stats: SeqStats

    def name(self, source: str) -> str:
        """Name the range and what it holds, within a source of documents."""
        place, stats = self.shard, self.stats
        said = [source, place.index, place.identity, place.number, self.start]
        held = [stats.count, stats.least, stats.most, stats.total]
        return hashlib.sha256(orjson.dumps([*said, *held])).hexdigest()

    def queries(self) -> list[Query]:
        """Return queries for its documents, within their shard."""
        bounds = {"gte": self.start, **({} if self.end is None else {"lt": self.end})}
        return [of_index(self.shard.index), {"range": {SEQ_NO: bounds}}]


def of_index(index: str) -> Query:
    """Return a query for the documents of one index, among those behind an alias or a pattern."""
    return {"term": {"_index": index}}


class UncountableError(Exception):
    """The documents cannot be told by their sequence numbers."""


@dataclass(frozen=True, slots=True)
class RangeFinder:
    """Finds the ranges of a source's documents.

    Attributes:
        client, retry: how to ask.
        index: names, aliases or patterns, through which all is asked.
        condition: which documents count.
        most: how many documents a range has.
    """

    client: SearchClient
    retry: RetryPolicy
    index: str
    condition: Query
    most: int

    def ranges(self, indices: Mapping[str, IndexIdentity]) -> Iterator[SeqRange]:
        """Give all ranges that hold documents: by index, shard and sequence number.

        Args:
            indices: by name.

        Raises:
            UncountableError: when documents are in another index, or have no sequence numbers.
            ConnectorError: when the cluster does not answer, or refuses.
        """
        most = max((each.shards for each in indices.values()), default=0)
        return self._all(indices, [self._overall(indices, number) for number in range(most)])

    def _all(
        self, indices: Mapping[str, IndexIdentity], shards: Sequence[Mapping[str, SeqStats]]
    ) -> Iterator[SeqRange]:
        for index in sorted(indices):
            for number, found in enumerate(shards):
                if index in found:
                    shard = ShardPlace(index, indices[index].name, number)
                    yield from self._split(shard, found[index])

    def _overall(self, indices: Mapping[str, Any], number: int) -> dict[str, SeqStats]:
        terms = {"terms": {"field": "_index", "size": len(indices) + 1}, "aggs": {"seq": _STATS}}
        found = self._ask([], {"by_index": terms}, number)["by_index"]["buckets"]
        stats = {str(each["key"]): SeqStats.read(each["seq"]) for each in found}
        counted = all(each["doc_count"] == each["seq"]["count"] for each in found)
        if not counted or stats.keys() - indices.keys():
            raise UncountableError
        return stats

    def _ask(
        self, wanted: Sequence[Query], aggregations: Mapping[str, Any], shard: int
    ) -> dict[str, Any]:
        query = {"bool": {"filter": [self.condition, *wanted]}}
        body = {"size": 0, "track_total_hits": False, "query": query, "aggs": aggregations}
        answer = self.retry(lambda: self.client.search(body, self.index, shard))
        found: dict[str, Any] = answer.get("aggregations") or {"by_index": {"buckets": []}}
        return found

    # --- halving

    def _split(self, shard: ShardPlace, stats: SeqStats) -> Iterator[SeqRange]:
        parted = list(self._parted(shard, (0, 1 << stats.most.bit_length()), stats))
        for number, (start, end, held) in enumerate(parted, 1):
            yield SeqRange(shard, start, None if number == len(parted) else end, held)

    def _parted(
        self, shard: ShardPlace, span: tuple[int, int], stats: SeqStats
    ) -> Iterator[tuple[int, int, SeqStats]]:
        start, end = span
        if stats.count <= self.most or end - start <= 1:
            yield start, end, stats
            return
        yield from self._halved(shard, span, self._cells(shard, span))

    def _halved(
        self, shard: ShardPlace, span: tuple[int, int], cells: Sequence[SeqStats]
    ) -> Iterator[tuple[int, int, SeqStats]]:
        stats = sum(cells, SeqStats())
        if not stats.count:
            return
        if stats.count <= self.most or len(cells) == 1:
            yield from self._parted(shard, span, stats)
            return
        middle, half = sum(span) // 2, len(cells) // 2
        yield from self._halved(shard, (span[0], middle), cells[:half])
        yield from self._halved(shard, (middle, span[1]), cells[half:])

    def _cells(self, shard: ShardPlace, span: tuple[int, int]) -> list[SeqStats]:
        """The documents in equal parts of a range, a power of two of them."""
        start, end = span
        width = max(1, (end - start) >> _CELLS)
        begins = range(start, end, width)
        ranges = [{"from": begin, "to": begin + width} for begin in begins]
        cells = {"range": {"field": SEQ_NO, "ranges": ranges}, "aggs": {"seq": _STATS}}
        within = {"range": {SEQ_NO: {"gte": start, "lt": end}}}
        found = self._ask([of_index(shard.index), within], {"cells": cells}, shard.number)
        buckets = found.get("cells", {}).get("buckets", [])
        held = {int(each["from"]): SeqStats.read(each["seq"]) for each in buckets}
        return [held.get(begin, SeqStats()) for begin in begins]
