"""A batch of incidents as the deduplicator sees it: arrays, wherever its signatures are from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from sftsec_core.dataset.dedup.signatures import SignatureIndex
from sftsec_core.dataset.dedup.tables import digests, from_hex

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from sftsec_core.dataset.dedup.items import DedupItem
    from sftsec_core.dataset.dedup.minhash import MinHasher

_SPLITS = {None: 0, "train": 1, "dev": 2, "test": 3}


@dataclass(frozen=True, slots=True)
class DedupBatch:
    """So many incidents, in the order of their arrival.

    Attributes:
        uids: 128-bit digests of their uids, shape (n, 2).
        records: of their uids with their inputs, shape (n, 2).
        digests: of their inputs, shape (n, 2).
        verdicts: 64 bits of each one's set of verdicts, shape (n,).
        splits: the given part: 0 for none, shape (n,).
        others: 64 bits of the inputs besides the text; 0 for none, shape (n,).
        long: whether the text is long enough to be near another one, shape (n,).
        sign: given indices of long ones, their bands and compact signatures, as `MinHasher`.
    """

    uids: NDArray[np.uint64]
    records: NDArray[np.uint64]
    digests: NDArray[np.uint64]
    verdicts: NDArray[np.uint64]
    splits: NDArray[np.int8]
    others: NDArray[np.uint64]
    long: NDArray[np.bool_]
    sign: Callable[[NDArray[np.int64]], tuple[NDArray[np.uint32], NDArray[np.uint8]]] = field(
        repr=False
    )

    def __len__(self) -> int:
        return len(self.digests)

    @classmethod
    def of(
        cls,
        items: Sequence[DedupItem],
        hasher: MinHasher,
        signatures: SignatureIndex | None = None,
    ) -> Self:
        """Take items; texts without a known signature are hashed when that is needed."""
        inputs = from_hex(one.digest for one in items)
        known = SignatureIndex.empty(hasher) if signatures is None else signatures

        def sign(chosen: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
            lacking, bands, compact = known.of(inputs[chosen])
            new = hasher([items[index].text for index in chosen[lacking].tolist()])
            bands[lacking], compact[lacking] = new
            return bands, compact

        return cls(
            digests(one.uid for one in items),
            digests(f"{one.digest}\x00{one.uid}" for one in items),
            inputs,
            set_hashes([one.verdicts for one in items]),
            np.array([_SPLITS.get(one.split, 0) for one in items], np.int8),
            np.array([int(one.others[:16], 16) if one.others else 0 for one in items], np.uint64),
            np.array([len(one.text) >= hasher.shingle for one in items], np.bool_),
            sign,
        )

    def taken(self, rows: NDArray[np.int64]) -> DedupBatch:
        """Only these rows of it."""
        if len(rows) == len(self):
            return self
        columns = ("uids", "records", "digests", "verdicts", "splits", "others", "long")
        return DedupBatch(
            **{name: getattr(self, name)[rows] for name in columns},
            sign=lambda chosen: self.sign(rows[chosen]),
        )


def set_hashes(sets: Sequence[frozenset[str]]) -> NDArray[np.uint64]:
    """64 bits of each set of words."""
    known = {words: _set_hash(words) for words in set(sets)}
    return np.array([known[words] for words in sets], np.uint64)


def _set_hash(words: frozenset[str]) -> int:
    raw = "\x00".join(sorted(words)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "little")
