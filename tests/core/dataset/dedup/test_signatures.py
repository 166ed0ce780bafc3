"""Signatures are found by the digest of the inputs that they are of."""

from __future__ import annotations

import numpy as np

from sftsec_core.api.settings.task import DedupeSettings
from sftsec_core.dataset.dedup.deduplicator import Deduplicator
from sftsec_core.dataset.dedup.items import DedupItem
from sftsec_core.dataset.dedup.minhash import MinHasher
from sftsec_core.dataset.dedup.signatures import SignatureIndex
from sftsec_core.dataset.dedup.tables import from_hex
from tests.core.dataset.builders import text

ITEMS = [DedupItem.of(str(n), {"text": text(n // 2, 30) + " x" * (n % 2)}) for n in range(40)]


def index(items: list[DedupItem]) -> SignatureIndex:
    settings = DedupeSettings()
    signed = MinHasher(settings.shingle, settings.threshold)([one.text for one in items])
    return SignatureIndex.of_rows(from_hex(one.digest for one in items), *signed)


class TestSignatureIndex:
    def test_gives_what_was_put_in(self) -> None:
        known = index(ITEMS[10:])
        lacking, bands, compact = known.of(from_hex(one.digest for one in ITEMS))
        assert lacking.tolist() == list(range(10))
        settings = DedupeSettings()
        made = MinHasher(settings.shingle, settings.threshold)([one.text for one in ITEMS[10:]])
        assert np.array_equal(bands[10:], made[0])
        assert np.array_equal(compact[10:], made[1])

    def test_changes_no_decision(self) -> None:
        without, with_some = Deduplicator(DedupeSettings()), Deduplicator(DedupeSettings())
        one = without.decide(without.batch(ITEMS))
        other = with_some.decide(with_some.batch(ITEMS, index(ITEMS[5:30])))
        assert one.status.tolist() == other.status.tolist()
        assert one.clusters.tolist() == other.clusters.tolist()
        assert len(set(one.clusters.tolist())) < len(ITEMS)

    def test_of_another_digest_is_not_taken(self) -> None:
        lacking, _, _ = index(ITEMS[:3]).of(from_hex([ITEMS[7].digest]))
        assert lacking.tolist() == [0]
