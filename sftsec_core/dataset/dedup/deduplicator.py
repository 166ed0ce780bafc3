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

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.dataset.dedup.items import DedupItem, DedupResult, DedupStatus
from sftsec_core.dataset.dedup.minhash import PERMUTATIONS, MinHasher, least_matches
from sftsec_core.dataset.dedup.postings import Postings
from sftsec_core.dataset.dedup.records import NamedBatch, RecordNames
from sftsec_core.dataset.dedup.tables import Table, from_hex, shared_keys, short_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.settings.task import DedupeSettings

_MOST_CANDIDATES = 1024  # a text: bounds the time that a flood of look-alikes can cost
_VERIFY_AT_ONCE = 8192
_SPLITS = {None: 0, "train": 1, "dev": 2, "test": 3}


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

    def add(self, batch: Sequence[DedupItem]) -> list[DedupResult]:
        """Decide on a batch; the results are in its order."""
        if not batch:
            return []
        page = self._look_up(batch)
        results = [self._decide(page, index) for index in range(len(batch))]
        self._remember(page)
        return results

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

    # --- a batch, looked up at once

    def _look_up(self, batch: Sequence[DedupItem]) -> _Page:
        page = _Page(batch)
        page.records = self._records.look_up([(one.uid, one.digest) for one in batch])
        self._find_exact(page)
        known = page.records.rows
        fresh = [i for i in range(len(batch)) if i not in known and not self._same(page, i)]
        long = [i for i in fresh if len(batch[i].text) >= self._hasher.shingle]
        page.bands, page.compact = self._hasher([batch[i].text for i in long])
        page.hashed = {index: place for place, index in enumerate(long)}
        self._find_near(page, long)
        page.shared = shared_keys(page.bands)
        return page

    def _find_exact(self, page: _Page) -> None:
        index, row = self._postings.find(short_keys(page.row_digests), _MOST_CANDIDATES)
        same = (self._texts["digest"][row] == page.row_digests[index]).all(axis=1)
        for one, text in zip(index[same].tolist(), row[same].tolist(), strict=True):
            page.exact[one].append(text)

    def _same(self, page: _Page, index: int) -> bool:
        """Whether an old text is a copy that leaves nothing to decide."""
        split = self._texts["split"]
        return self._enabled and any(split[row] == page.splits[index] for row in page.exact[index])

    def _find_near(self, page: _Page, long: list[int]) -> None:
        if not long:
            return
        place, row = self._postings.find(page.bands.ravel(), _MOST_CANDIDATES)
        pairs = np.unique((place // self._hasher.bands << 32) | row)
        place, row = pairs >> 32, pairs & 0xFFFFFFFF
        first = np.searchsorted(place, place)
        few = np.arange(len(place)) - first < _MOST_CANDIDATES
        place, row = place[few], row[few]
        page.seen = np.bincount(place, minlength=len(long))
        for begin in range(0, len(place), _VERIFY_AT_ONCE):
            part = slice(begin, begin + _VERIFY_AT_ONCE)
            matches = np.count_nonzero(
                self._texts["compact"][row[part]] == page.compact[place[part]], axis=1
            )
            near = (matches >= self._needed) & (
                self._texts["others"][row[part]] == page.others[np.array(long)[place[part]]]
            )
            for where, text, count in zip(
                place[part][near].tolist(), row[part][near].tolist(), matches[near].tolist(),
                strict=True,
            ):  # fmt: skip
                page.near[long[where]].append((text, count))

    # --- one incident, in its turn

    def _decide(self, page: _Page, index: int) -> DedupResult:
        known = page.records.known(index)
        if known is not None:
            row, shares_id = known
            return self._result(page, DedupStatus.SAME, row, shares_id)
        status, row = self._judge_text(page, index)
        if status is DedupStatus.KEPT:
            row = self._keep(page, index)
        return self._result(page, status, row, page.records.remember(index, row))

    def _judge_text(self, page: _Page, index: int) -> tuple[DedupStatus, int]:
        """Whether an old or a new row makes this text superfluous, and which."""
        if not self._enabled:
            return DedupStatus.KEPT, -1
        copies = page.exact[index] + page.kept_exact[page.row_digests[index].tobytes()]
        for row in copies:
            if self._value(page, "split", row) == page.splits[index]:
                return DedupStatus.EXACT, row
        for row, _ in sorted(self._near(page, index), key=lambda pair: (-pair[1], pair[0])):
            if (
                self._value(page, "split", row) == page.splits[index]
                and self._value(page, "verdicts", row) == page.verdicts[index]
            ):
                return DedupStatus.NEAR, row
        return DedupStatus.KEPT, -1

    def _near(self, page: _Page, index: int) -> list[tuple[int, int]]:
        """Rows near this text with the number of agreeing bytes: old ones and this batch's."""
        found = page.near[index]
        place = page.hashed.get(index)
        if place is None or place not in page.shared:
            return found
        room = max(0, _MOST_CANDIDATES - (int(page.seen[place]) if len(page.seen) else 0))
        rows = sorted({row for key in page.shared[place] for row in page.kept_keys[key]})[:room]
        if not rows:
            return found
        kept = [page.kept[row - len(self._texts)] for row in rows]
        places = [page.hashed[one] for one in kept]
        matches = np.count_nonzero(page.compact[places] == page.compact[place], axis=1).tolist()
        same = (page.others[kept] == page.others[index]).tolist()
        near = [
            (row, count)
            for row, count, is_same in zip(rows, matches, same, strict=True)
            if count >= self._needed and is_same
        ]
        return found + near

    def _keep(self, page: _Page, index: int) -> int:
        row = len(self._texts) + len(page.kept)
        copies = page.exact[index] + page.kept_exact[page.row_digests[index].tobytes()]
        related = copies + [near for near, _ in self._near(page, index)]
        clusters = sorted({int(self._value(page, "cluster", one)) for one in related})
        self._ties += [(clusters[0], other) for other in clusters[1:]]
        page.kept.append(index)
        page.clusters.append(clusters[0] if clusters else row)
        page.kept_exact[page.row_digests[index].tobytes()].append(row)
        for key in page.shared.get(page.hashed.get(index, -1), ()):
            page.kept_keys[key].append(row)
        return row

    def _value(self, page: _Page, column: str, row: int) -> int:
        old = len(self._texts)
        if row < old:
            return int(self._texts[column][row])
        if column == "cluster":
            return page.clusters[row - old]
        return int(
            getattr(page, column + "s" if column == "split" else column)[page.kept[row - old]]
        )

    def _digest_of(self, page: _Page, row: int) -> bytes:
        old = len(self._texts)
        if row < old:
            return bytes(self._texts["digest"][row])
        return bytes(page.row_digests[page.kept[row - old]])

    def _result(self, page: _Page, status: DedupStatus, row: int, shares_id: bool) -> DedupResult:
        digest, cluster = self._digest_of(page, row).hex(), self._value(page, "cluster", row)
        return DedupResult(status, digest, cluster, shares_id)

    # --- what stays

    def _remember(self, page: _Page) -> None:
        kept = np.array(page.kept, np.int64)
        compact = np.zeros((len(kept), PERMUTATIONS), np.uint8)
        keys = np.zeros((len(kept), self._hasher.bands + 2), np.uint32)
        keys[:, 0] = short_keys(page.row_digests[kept])
        hashed = [page.hashed.get(index, -1) for index in page.kept]
        has = np.array(hashed, np.int64) >= 0
        places = np.array(hashed, np.int64)[has]
        compact[has] = page.compact[places]
        keys[has, 1:-1] = page.bands[places]
        keys[:, -1] = has
        first = len(self._texts)
        self._texts.extend(
            {
                "digest": page.row_digests[kept],
                "compact": compact,
                "cluster": np.array(page.clusters, np.int64),
                "verdicts": page.verdicts[kept],
                "split": page.splits[kept],
                "others": page.others[kept],
            }
        )
        self._index_texts(keys, first)
        self._unsaved.append(keys)
        self._records.keep(page.records)

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


@dataclass(slots=True)
class _Page:
    """A batch under way: what was looked up for it, and what was kept of it so far.

    Rows of this batch are numbered behind the remembered ones: row - len(texts) is a place in
    `kept`.
    """

    batch: Sequence[DedupItem]
    records: NamedBatch = field(init=False)
    row_digests: NDArray[np.uint64] = field(init=False)
    verdicts: NDArray[np.uint64] = field(init=False)
    splits: NDArray[np.int8] = field(init=False)
    others: NDArray[np.uint64] = field(init=False)
    exact: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    near: defaultdict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    bands: NDArray[np.uint32] = field(init=False)
    compact: NDArray[np.uint8] = field(init=False)
    hashed: dict[int, int] = field(default_factory=dict)
    seen: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    shared: dict[int, list[int]] = field(default_factory=dict)
    kept: list[int] = field(default_factory=list)
    clusters: list[int] = field(default_factory=list)
    kept_exact: defaultdict[bytes, list[int]] = field(default_factory=lambda: defaultdict(list))
    kept_keys: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.row_digests = from_hex(one.digest for one in self.batch)
        known: dict[frozenset[str], int] = {}
        sets = [known.setdefault(c.verdicts, 0) or _set_hash(known, c.verdicts) for c in self.batch]
        self.verdicts = np.array(sets, np.uint64)
        self.splits = np.array([_SPLITS.get(one.split, 0) for one in self.batch], np.int8)
        others = (int(one.others[:16], 16) if one.others else 0 for one in self.batch)
        self.others = np.fromiter(others, np.uint64, len(self.batch))


def _set_hash(known: dict[frozenset[str], int], words: frozenset[str]) -> int:
    raw = "\x00".join(sorted(words)).encode("utf-8", "surrogatepass")
    known[words] = int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "little")
    return known[words]
