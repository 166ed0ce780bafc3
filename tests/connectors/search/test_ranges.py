"""Ranges of sequence numbers hold each document once, and name what they hold."""

from __future__ import annotations

import pytest

from sftsec_core.sdk.retry import RetryPolicy
from sftsec_search.identities import Identities
from sftsec_search.ranges import RangeFinder, SeqRange, SeqStats, UncountableError
from tests.connectors.search.sites import Site

COUNT = 200
MOST = 12


def ranges(site: Site, index: str, pattern: str = "") -> list[SeqRange]:
    client = site.connect(index, setup=False)._client
    retry = RetryPolicy(site.connect(index, setup=False)._cluster.config.retry_timeout)
    finder = RangeFinder(client, retry, pattern or index, {"match_all": {}}, MOST)
    return list(finder.ranges(Identities(client, retry).of_all(index) or {}))


@pytest.fixture
def index(site: Site) -> str:
    name = site.name("mail")
    site.make_index(name)
    site.plant(name, {f"d{n}": {"message": str(n)} for n in range(COUNT)})
    return name


class TestRanges:
    def test_hold_each_document_once(self, site: Site, index: str) -> None:
        found = ranges(site, index)
        assert sum(each.stats.count for each in found) == COUNT
        assert all(0 < each.stats.count <= MOST for each in found)
        for shard in {each.shard for each in found}:
            own = [each for each in found if each.shard == shard]
            ends = [each.end for each in own]
            assert ends[-1] is None
            assert all(
                end <= after.start for end, after in zip(ends[:-1], own[1:], strict=True) if end
            )
            assert all(each.start <= each.stats.least <= each.stats.most for each in own)

    def test_far_from_a_change_keep_their_names(self, site: Site, index: str) -> None:
        before = {each.name("mail") for each in ranges(site, index)}
        site.plant(index, {"d7": {"message": "changed"}, "new": {"message": "new"}})
        after = {each.name("mail") for each in ranges(site, index)}
        assert len(before - after) <= 4  # where it was, and the last one, of two shards
        assert before & after
        assert before != after

    def test_of_an_unknown_index_are_refused(self, site: Site, index: str) -> None:
        other = site.name("other")
        site.make_index(other)
        site.plant(other, {"d": {"message": "x"}})
        with pytest.raises(UncountableError):
            ranges(site, index, f"{index},{other}")

    def test_of_nothing_are_none(self, site: Site) -> None:
        empty = site.name("empty")
        site.make_index(empty)
        assert ranges(site, empty) == []


class TestSeqStats:
    def test_of_halves_add_up(self) -> None:
        halves = SeqStats.of([3, 9]) + SeqStats.of([1]) + SeqStats.of([])
        assert halves == SeqStats.of([1, 3, 9]) == SeqStats(3, 1, 9, 13)
