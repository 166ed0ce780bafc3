"""Streaming removal of exact and near duplicates, in about 300 bytes a kept row.

The result for an incident depends on the incidents before it and on nothing else: not on where
a page ends, not on whether the run was interrupted. The inputs themselves are not held.

Two rows are equal when the digests of their inputs are. They are near when their texts are near
and all other inputs are equal; a row without a text is near no other.

Rules, in this order:

1. A uid that was seen with these inputs: not a new row ("same"). With other inputs it is another
   record that shares the id: it is judged by the rules below like any other, and never joined.
2. Inputs that were seen in the same given part of a split: not a new row ("exact").
3. A row near one that has the same set of verdicts and the same given part: dropped ("near").
4. Anything else is kept. If it is near kept rows, or equal to one of another given part, it
   joins their cluster (clusters that it connects become one), so that a split keeps them together.

A near row with other verdicts is kept because the difference may be what matters: one changed
word can turn a harmless command into an attack.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.dataset.dedup.batch import DedupBatch
from sftsec_core.dataset.dedup.items import STATUSES, DedupDecisions, DedupResult, DedupStatus
from sftsec_core.dataset.dedup.minhash import PERMUTATIONS, MinHasher, least_matches
from sftsec_core.dataset.dedup.postings import Postings
from sftsec_core.dataset.dedup.records import RecordNames
from sftsec_core.dataset.dedup.tables import Table, shared_keys, short_keys, twins

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.settings.task import DedupeSettings
    from sftsec_core.dataset.dedup.items import DedupItem
    from sftsec_core.dataset.dedup.records import NamedBatch
    from sftsec_core.dataset.dedup.signatures import SignatureIndex

_MOST_CANDIDATES = 1024  # a text: bounds the time that a flood of look-alikes can cost
_VERIFY_AT_ONCE = 8192
_KEPT = STATUSES.index(DedupStatus.KEPT)


class Deduplicator:
    """Remembers what was kept; decides on batches in the order of their arrival."""

    def __init__(self, settings: DedupeSettings) -> None:
        """Start empty.

        Args:
            settings: threshold and shingle; when not `enabled`, every new record is kept, and
                copies still share a cluster.
        """
        self._enabled = settings.enabled
        self._hasher = MinHasher(settings.shingle, settings.threshold)
        self._needed = least_matches(settings.threshold)
        self._texts = Table(
            {
                "digest": (np.uint64, (2,)),
                "compact": (np.uint8, (PERMUTATIONS,)),
                "cluster": (np.int64, ()),
                "verdicts": (np.uint64, ()),
                "split": (np.int8, ()),
                "others": (np.uint64, ()),
            }
        )
        self._records = RecordNames()
        self._postings = Postings()
        self._ties: list[tuple[int, int]] = []
        self._unsaved: list[NDArray[np.uint32]] = []
        self._saved = (0, 0)

    def batch(
        self, items: Sequence[DedupItem], signatures: SignatureIndex | None = None
    ) -> DedupBatch:
        """Make arrays of items; texts are hashed later, those without a known signature."""
        return DedupBatch.of(items, self._hasher, signatures)

    def add(self, batch: Sequence[DedupItem]) -> list[DedupResult]:
        """Decide on a batch; the results are in its order."""
        found = self.decide(self.batch(batch))
        columns = (found.status, found.digests, found.clusters, found.shares_id)
        return [
            DedupResult(STATUSES[status], digest.tobytes().hex(), int(cluster), bool(shares_id))
            for status, digest, cluster, shares_id in zip(*columns, strict=True)
        ]

    def decide(self, batch: DedupBatch) -> DedupDecisions:
        """Decide on a batch of arrays; the decisions are in its order."""
        page = self._look_up(batch)
        plain = page.plain()
        for index in np.flatnonzero(~plain).tolist():
            self._decide(page, index)
        rows = self._remember(page, plain)
        return DedupDecisions(
            page.status, self._texts["digest"][rows], self._texts["cluster"][rows], page.shares_id
        )

    def final_clusters(self) -> dict[int, int]:
        """The clusters that were tied to a lower one, with the lowest that they are tied to."""
        lowest: dict[int, int] = {}

        def find(cluster: int) -> int:
            while cluster in lowest:
                cluster = lowest[cluster]
            return cluster

        for one, other in self._ties:
            low, high = sorted((find(one), find(other)))
            if low != high:
                lowest[high] = low
        return {cluster: find(cluster) for cluster in lowest}

    def cluster_names(self) -> NDArray[np.int64]:
        """A name for each cluster: of its first row's inputs, whatever came before that."""
        return (self._texts["digest"][:, 0] >> np.uint64(2)).astype(np.int64)

    # --- a batch, looked up at once

    def _look_up(self, batch: DedupBatch) -> _Page:
        page = _Page(batch, len(self._texts), self._records.look_up(batch.uids, batch.records))
        self._find_exact(page)
        fresh = batch.long.copy()
        fresh[list(page.records.rows)] = False
        fresh[[index for index in page.exact if self._same(page, index)]] = False
        chosen = np.flatnonzero(fresh)
        page.bands, page.compact = batch.sign(chosen)
        page.place[chosen] = np.arange(len(chosen))
        self._find_near(page, chosen)
        page.shared = shared_keys(page.bands)
        return page

    def _find_exact(self, page: _Page) -> None:
        wanted = page.batch.digests
        index, row = self._postings.find(short_keys(wanted), _MOST_CANDIDATES)
        same = (self._texts["digest"][row] == wanted[index]).all(axis=1)
        for one, text in zip(index[same].tolist(), row[same].tolist(), strict=True):
            page.exact[one].append(text)

    def _same(self, page: _Page, index: int) -> bool:
        """Whether an old text is a copy that leaves nothing to decide."""
        split = self._texts["split"]
        given = page.batch.splits[index]
        return self._enabled and any(split[row] == given for row in page.exact[index])

    def _find_near(self, page: _Page, chosen: NDArray[np.int64]) -> None:
        if not len(chosen):
            return
        place, row = self._postings.find(page.bands.ravel(), _MOST_CANDIDATES)
        pairs = np.unique((place // self._hasher.bands << 32) | row)
        place, row = pairs >> 32, pairs & 0xFFFFFFFF
        first = np.searchsorted(place, place)
        few = np.arange(len(place)) - first < _MOST_CANDIDATES
        place, row = place[few], row[few]
        page.seen = np.bincount(place, minlength=len(chosen))
        for begin in range(0, len(place), _VERIFY_AT_ONCE):
            part = slice(begin, begin + _VERIFY_AT_ONCE)
            matches = np.count_nonzero(
                self._texts["compact"][row[part]] == page.compact[place[part]], axis=1
            )
            index = chosen[place[part]]
            others = self._texts["others"][row[part]] == page.batch.others[index]
            near = (matches >= self._needed) & others
            for where, text, count in zip(
                index[near].tolist(), row[part][near].tolist(), matches[near].tolist(), strict=True
            ):
                page.near[where].append((text, count))

    # --- one incident, in its turn

    def _decide(self, page: _Page, index: int) -> None:
        known = page.records.known(index)
        if known is not None:
            page.settle(index, DedupStatus.SAME, *known)
            return
        status, row = self._judge_text(page, index)
        if status is DedupStatus.KEPT:
            row = self._keep(page, index)
        page.settle(index, status, row, page.records.remember(index, row))

    def _judge_text(self, page: _Page, index: int) -> tuple[DedupStatus, int]:
        """Whether an old or a new row makes this text superfluous, and which."""
        if not self._enabled:
            return DedupStatus.KEPT, -1
        batch = page.batch
        for row in page.copies(index):
            if self._value(page, "split", row) == batch.splits[index]:
                return DedupStatus.EXACT, row
        for row, _ in sorted(self._near(page, index), key=lambda pair: (-pair[1], pair[0])):
            if (
                self._value(page, "split", row) == batch.splits[index]
                and self._value(page, "verdicts", row) == batch.verdicts[index]
            ):
                return DedupStatus.NEAR, row
        return DedupStatus.KEPT, -1

    def _near(self, page: _Page, index: int) -> list[tuple[int, int]]:
        """Rows near this text with the number of agreeing bytes: old ones and this batch's."""
        found, place = page.near[index], int(page.place[index])
        if place not in page.shared:
            return found
        room = max(0, _MOST_CANDIDATES - (int(page.seen[place]) if len(page.seen) else 0))
        rows = sorted({row for key in page.shared[place] for row in page.kept_keys[key]})[:room]
        if not rows:
            return found
        kept = np.array(rows) - page.base
        matches = np.count_nonzero(page.compact[page.place[kept]] == page.compact[place], axis=1)
        others = page.batch.others
        same = (matches >= self._needed) & (others[kept] == others[index])
        near = [(rows[one], int(matches[one])) for one in np.flatnonzero(same).tolist()]
        return found + near

    def _keep(self, page: _Page, index: int) -> int:
        row = page.base + index
        related = page.copies(index) + [near for near, _ in self._near(page, index)]
        clusters = sorted({int(self._value(page, "cluster", one)) for one in related})
        page.ties += [(clusters[0], other) for other in clusters[1:]]
        if clusters:
            page.clusters[index] = clusters[0]
        page.kept_exact[page.batch.digests[index].tobytes()].append(row)
        for key in page.shared.get(int(page.place[index]), ()):
            page.kept_keys[key].append(row)
        return row

    def _value(self, page: _Page, column: str, row: int) -> int:
        if row < page.base:
            return int(self._texts[column][row])
        if column == "cluster":
            return int(page.clusters[row - page.base])
        values = page.batch.splits if column == "split" else page.batch.verdicts
        return int(values[row - page.base])

    # --- what stays

    def _remember(self, page: _Page, plain: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Take up what was kept of a batch; the row that stands for each of it."""
        batch = page.batch
        kept = np.flatnonzero(page.status == _KEPT)
        final = page.final_rows()
        rows = final(page.rows)
        self._ties += [tuple(pair) for pair in final(np.array(page.ties, np.int64)).tolist()]
        places = page.place[kept]
        has = places >= 0
        compact = np.zeros((len(kept), PERMUTATIONS), np.uint8)
        compact[has] = page.compact[places[has]]
        keys = np.zeros((len(kept), self._hasher.bands + 2), np.uint32)
        keys[:, 0] = short_keys(batch.digests[kept])
        keys[has, 1:-1] = page.bands[places[has]]
        keys[:, -1] = has
        first = len(self._texts)
        self._texts.extend(
            {
                "digest": batch.digests[kept],
                "compact": compact,
                "cluster": final(page.clusters[kept]),
                "verdicts": batch.verdicts[kept],
                "split": batch.splits[kept],
                "others": batch.others[kept],
            }
        )
        self._index_texts(keys, first)
        self._unsaved.append(keys)
        self._records.keep(page.records, rows, plain)
        return rows

    def _index_texts(self, keys: NDArray[np.uint32], first: int) -> None:
        rows = np.arange(first, first + len(keys), dtype=np.uint32)
        has = keys[:, -1] > 0
        bands = self._hasher.bands
        every = np.concatenate((keys[:, 0], keys[has, 1:-1].ravel()))
        self._postings.add(every, np.concatenate((rows, np.repeat(rows[has], bands))))

    # --- for a restart

    def take_unsaved(self) -> dict[str, NDArray[Any]]:
        """What was remembered since the last call, as arrays; `restore` takes them in order."""
        texts, ties = self._saved
        width = self._hasher.bands + 2
        arrays = {f"texts.{k}": v.copy() for k, v in self._texts.since(texts).items()}
        arrays |= self._records.take_unsaved()
        arrays["ties"] = np.array(self._ties[ties:], np.int64).reshape(-1, 2)
        arrays["keys"] = np.concatenate([np.empty((0, width), np.uint32), *self._unsaved])
        self._unsaved = []
        self._saved = (len(self._texts), len(self._ties))
        return arrays

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take up what `take_unsaved` gave before a restart."""
        first_text = len(self._texts)
        self._texts.extend({k: arrays[f"texts.{k}"] for k in self._texts})
        self._records.restore(arrays)
        self._ties += [(int(one), int(other)) for one, other in arrays["ties"]]
        self._index_texts(arrays["keys"], first_text)
        self._saved = (len(self._texts), len(self._ties))


def relabelled(clusters: NDArray[np.int64], lowest: Mapping[int, int]) -> NDArray[np.int64]:
    """The clusters, with those that were tied to a lower one replaced by that."""
    tied = np.array(sorted(lowest.items()), np.int64).reshape(-1, 2)
    if not len(tied):
        return clusters
    place = np.minimum(np.searchsorted(tied[:, 0], clusters), len(tied) - 1)
    return np.where(tied[place, 0] == clusters, tied[place, 1], clusters)


@dataclass(slots=True)
class _Page:
    """A batch under way: what was looked up for it, and what was decided so far.

    While a batch is decided on, the row of its incident `i` is `base + i`; those that are kept are
    numbered without gaps at its end.
    """

    batch: DedupBatch
    base: int
    records: NamedBatch
    exact: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    near: defaultdict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    bands: NDArray[np.uint32] = field(init=False)
    compact: NDArray[np.uint8] = field(init=False)
    place: NDArray[np.int64] = field(init=False)
    seen: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    shared: dict[int, list[int]] = field(default_factory=dict)
    status: NDArray[np.int8] = field(init=False)
    rows: NDArray[np.int64] = field(init=False)
    clusters: NDArray[np.int64] = field(init=False)
    shares_id: NDArray[np.bool_] = field(init=False)
    ties: list[tuple[int, int]] = field(default_factory=list)
    kept_exact: defaultdict[bytes, list[int]] = field(default_factory=lambda: defaultdict(list))
    kept_keys: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        count = len(self.batch)
        self.place = np.full(count, -1, np.int64)
        self.status = np.full(count, _KEPT, np.int8)
        self.rows = self.base + np.arange(count)
        self.clusters = self.rows.copy()
        self.shares_id = np.zeros(count, np.bool_)

    def plain(self) -> NDArray[np.bool_]:
        """Those that nothing in the batch or before it can touch: kept, each a new cluster."""
        plain = self.records.unique() & ~twins(self.batch.digests[:, 0])
        for touched in (self.exact, self.near, self.records.rows):
            plain[list(touched)] = False
        lone = np.ones(len(self.bands) + 1, np.bool_)
        lone[list(self.shared)] = False
        return np.asarray(plain & lone[self.place], np.bool_)

    def copies(self, index: int) -> list[int]:
        """The rows of the same inputs so far."""
        return self.exact[index] + self.kept_exact[self.batch.digests[index].tobytes()]

    def settle(self, index: int, status: DedupStatus, row: int, shares_id: bool) -> None:
        """Write down what was decided on one."""
        self.status[index] = STATUSES.index(status)
        self.rows[index], self.shares_id[index] = row, shares_id

    def final_rows(self) -> Callable[[NDArray[np.int64]], NDArray[np.int64]]:
        """What numbers the rows of the batch without gaps; earlier ones keep their numbers."""
        numbers = self.base + np.cumsum(self.status == _KEPT) - 1

        def final(rows: NDArray[np.int64]) -> NDArray[np.int64]:
            own = rows >= self.base
            found = rows.copy()
            found[own] = numbers[rows[own] - self.base]
            return found

        return final
