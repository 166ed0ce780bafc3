"""What cannot be told from the platform is read again; the rest is in the contract and e2e."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

import pytest

from sftsec_core.api.domain import PullWindow
from tests.connectors.search.sites import MAPPINGS, Site

LABELLED = PullWindow(labelled=True)
SAID = {"word": "bad", "by": "ann"}


def document(number: int) -> dict[str, object]:
    at = f"2026-01-05T08:{number:02d}:00Z"
    return {"@timestamp": at, "message": str(number), "verdict": SAID}


@pytest.fixture
def index(site: Site) -> str:
    name = site.name("mail")
    site.make_index(name, number_of_shards=1)
    site.plant(name, {f"d{n}": document(n) for n in range(20)})
    return name


class TestProof:
    def test_is_none_of_what_changed_meanwhile(self, site: Site, index: str) -> None:
        with closing(site.connect(index, setup=False, page_size=8)) as connector:
            parts = list(connector.parts(LABELLED))
            site.plant(index, {"d0": document(30), "d99": document(31)})
            read = [[i.uid for page in part.pages(None) for i in page.incidents] for part in parts]
        # The first has lost one, the last one has what came.
        assert [part.proof() != "" for part in parts] == [False, *[True] * (len(parts) - 2), False]
        assert sum(map(len, read)) == 21

    def test_is_none_after_a_kill(self, site: Site, index: str) -> None:
        with closing(site.connect(index, setup=False, page_size=32, max_page_bytes=4096)) as one:
            [part] = one.parts(LABELLED)
            first = next(iter(part.pages(None)))
        with closing(site.connect(index, setup=False, page_size=32, max_page_bytes=4096)) as two:
            [part] = two.parts(LABELLED)
            rest = [i for page in part.pages(first.cursor) for i in page.incidents]
            assert len(first.incidents) + len(rest) == 20
            assert part.proof() == ""

    def test_is_of_no_wider_window(self, site: Site, index: str) -> None:
        since = datetime(2026, 1, 5, 7, tzinfo=UTC)
        with closing(site.connect(index, setup=False)) as connector:
            [part] = connector.parts(PullWindow(labelled=True, since=since))
            list(part.pages(None))
            [wider] = connector.parts(
                PullWindow(labelled=True, since=datetime(2020, 1, 1, tzinfo=UTC))
            )
            assert (wider.name, wider.holds(part.proof())) == (part.name, False)


class TestWhole:
    def test_where_times_are_compared_here(self, site: Site) -> None:
        name = site.name("mail")
        times = {**MAPPINGS["properties"], "@timestamp": {"type": "keyword"}}
        site.make_index(name, {"properties": times})
        site.plant(name, {f"d{n}": document(n) for n in range(20)})
        since = datetime(2026, 1, 5, 8, 10, tzinfo=UTC)
        with closing(site.connect(name, setup=False, page_size=8)) as connector:
            [part] = connector.parts(PullWindow(labelled=True, since=since))
            read = [i for page in part.pages(None) for i in page.incidents]
            assert len(read) == 10
            assert not part.holds(part.proof())

    def test_where_the_window_has_an_end(self, site: Site, index: str) -> None:
        until = datetime(2026, 1, 5, 8, 10, tzinfo=UTC)
        with closing(site.connect(index, setup=False, page_size=8)) as connector:
            [part] = connector.parts(PullWindow(labelled=True, until=until))
            assert len([i for page in part.pages(None) for i in page.incidents]) == 10
            assert part.proof() == ""
