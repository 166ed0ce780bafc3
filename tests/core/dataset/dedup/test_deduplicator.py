"""What counts as a copy, what is done with it, and that batches do not matter."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from sftsec_core.api.settings.task import DedupeSettings
from sftsec_core.dataset.dedup.deduplicator import Deduplicator
from sftsec_core.dataset.dedup.items import DedupItem, DedupResult, DedupStatus
from tests.core.dataset.builders import text

SPAM = frozenset({"spam"})


HAM = frozenset({"ham"})


LONG = text(1, 60)


def item(
    uid: str, text: str, verdicts: frozenset[str] = frozenset(), split: str | None = None
) -> DedupItem:
    return DedupItem.of(uid, {"text": text}, verdicts, split)


def fates(*batch: DedupItem, settings: DedupeSettings | None = None) -> list[DedupStatus]:
    return [result.status for result in Deduplicator(settings or DedupeSettings()).add(batch)]


def clusters(batch: list[DedupItem]) -> list[int]:
    finder = Deduplicator(DedupeSettings())
    results = finder.add(batch)
    final = finder.final_clusters()
    return [final.get(result.cluster, result.cluster) for result in results]


def batches(sizes: list[int], given: list[DedupItem], *, restart: bool) -> list[DedupResult]:
    finder = Deduplicator(DedupeSettings())
    chunks = []
    found: list[DedupResult] = []
    begin = 0
    for size in [*sizes, len(given)]:
        found += finder.add(given[begin : begin + size])
        begin += size
        if restart:
            chunks.append(finder.take_unsaved())
            finder = Deduplicator(DedupeSettings())
            for chunk in chunks:
                finder.restore(chunk)
    final = finder.final_clusters()
    return [o._replace(cluster=final.get(o.cluster, o.cluster)) for o in found]


CANDIDATES = st.builds(
    lambda uid, base, tail, word, split: item(
        str(uid), text(base, 25) + " x" * tail if base else "ab", frozenset(word), split
    ),
    st.integers(0, 40),
    st.integers(0, 4),
    st.integers(0, 3),
    st.sampled_from([[], ["spam"], ["ham"]]),
    st.sampled_from([None, "train", "test"]),
)


class TestUid:
    def test_met_again_is_not_a_new_row(self) -> None:
        again = [item("1", LONG), item("1", LONG)]
        assert fates(*again) == [DedupStatus.KEPT, DedupStatus.SAME]

    def test_with_another_text_is_another_row(self) -> None:
        one, two = Deduplicator(DedupeSettings()).add([item("1", LONG), item("1", "other")])
        assert (one.status, two.status) == (DedupStatus.KEPT, DedupStatus.KEPT)
        assert one.digest != two.digest
        assert (one.shares_id, two.shares_id) == (False, True)

    def test_is_recognised_with_each_of_its_texts(self) -> None:
        finder = Deduplicator(DedupeSettings())
        first = finder.add([item("1", LONG), item("1", "other")])
        again = finder.add([item("1", "other"), item("1", LONG)])
        assert {each.status for each in again} == {DedupStatus.SAME}
        assert [each[1:] for each in again] == [each[1:] for each in reversed(first)]

    def test_of_a_near_duplicate_is_recognised(self) -> None:
        batch = [item("1", LONG, SPAM), item("2", f"{LONG} x", SPAM), item("2", f"{LONG} x", HAM)]
        assert fates(*batch) == [DedupStatus.KEPT, DedupStatus.NEAR, DedupStatus.SAME]

    def test_of_many_texts_is_compared_with_all(self) -> None:
        many = [item("1", text(n, 8)) for n in range(3000)]
        finder = Deduplicator(DedupeSettings())
        assert {each.status for each in finder.add(many)} == {DedupStatus.KEPT}
        assert {each.status for each in finder.add(many)} == {DedupStatus.SAME}


class TestDuplicates:
    def test_exact_is_dropped_whatever_its_verdicts(self) -> None:
        one, two = Deduplicator(DedupeSettings()).add([item("1", LONG, SPAM), item("2", LONG, HAM)])
        assert two.status is DedupStatus.EXACT
        assert one.digest == two.digest

    def test_near_is_dropped_with_equal_verdicts(self) -> None:
        near = f"{LONG} x"
        assert fates(item("1", LONG, SPAM), item("2", near, SPAM))[1] is DedupStatus.NEAR
        assert fates(item("1", LONG), item("2", near))[1] is DedupStatus.NEAR

    def test_near_with_other_verdicts_shares_the_cluster(self) -> None:
        batch = [item("1", LONG, SPAM), item("2", f"{LONG} x", HAM), item("3", text(3))]
        assert fates(*batch) == [DedupStatus.KEPT] * 3
        first, second, third = clusters(batch)
        assert first == second != third

    def test_in_two_given_parts_are_kept(self) -> None:
        batch = [
            item("1", LONG, split="train"),
            item("2", LONG, split="test"),
            item("3", f"{LONG} x", split="dev"),
            item("4", LONG, split="test"),
        ]
        assert fates(*batch) == [
            DedupStatus.KEPT,
            DedupStatus.KEPT,
            DedupStatus.KEPT,
            DedupStatus.EXACT,
        ]
        assert len(set(clusters(batch))) == 1

    def test_short_texts_are_compared_exactly(self) -> None:
        batch = [item("1", "ab"), item("2", "ac"), item("3", "ab"), item("4", "")]
        assert fates(*batch) == [
            DedupStatus.KEPT,
            DedupStatus.KEPT,
            DedupStatus.EXACT,
            DedupStatus.KEPT,
        ]

    def test_any_character_can_be_compared(self) -> None:
        batch = [item("1", "\ud800" * 9), item("2", "😀" * 9), item("3", "😀" * 9)]
        assert fates(*batch) == [DedupStatus.KEPT, DedupStatus.KEPT, DedupStatus.EXACT]

    def test_flood_of_near_texts_is_one_row(self) -> None:
        batch = [item(str(n), f"{LONG} {n}") for n in range(3000)]
        counts = Counter(fates(*batch))
        assert counts[DedupStatus.KEPT] <= 3
        assert counts[DedupStatus.NEAR] >= 2997

    def test_switched_off_still_finds_clusters(self) -> None:
        batch = [item("1", LONG), item("2", LONG), item("3", f"{LONG} x")]
        off = Deduplicator(DedupeSettings(enabled=False))
        results = off.add([*batch, item("1", LONG)])
        assert [o.status for o in results] == [
            DedupStatus.KEPT,
            DedupStatus.KEPT,
            DedupStatus.KEPT,
            DedupStatus.SAME,
        ]
        final = off.final_clusters()
        assert len({final.get(o.cluster, o.cluster) for o in results}) == 1


class TestClusters:
    def test_connected_by_a_text_become_one(self) -> None:
        middle = text(5, 100)
        left, right = middle + " " + text(6, 5), text(7, 5) + " " + middle
        batch = [item("l", left, SPAM), item("r", right, HAM), item("m", middle)]
        separate = clusters(batch[:2])
        settings = DedupeSettings(threshold=0.9)
        finder = Deduplicator(settings)
        results = finder.add(batch)
        final = finder.final_clusters()
        assert len({final.get(o.cluster, o.cluster) for o in results}) == 1
        assert len(separate) == 2


class TestRestore:
    @given(
        st.lists(CANDIDATES, min_size=1, max_size=60),
        st.lists(st.integers(1, 20), max_size=8),
        st.booleans(),
    )
    @settings(max_examples=60, deadline=None)
    def test_batches_and_restarts_change_no_result(
        self, given: list[DedupItem], sizes: list[int], restart: bool
    ) -> None:
        whole = batches([], given, restart=False)
        parted = batches(sizes, given, restart=restart)
        fates_and_texts = [(o.status, o.digest) for o in whole]
        assert [(o.status, o.digest) for o in parted] == fates_and_texts
        # Clusters are only final at the end; of dropped rows nobody asks.
        kept = [i for i, o in enumerate(whole) if o.status is DedupStatus.KEPT]
        same = {(whole[i].cluster, parted[i].cluster) for i in kept}
        assert len(same) == len({a for a, _ in same}) == len({b for _, b in same})
