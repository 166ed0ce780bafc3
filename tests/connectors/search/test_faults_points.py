"""A point in time that is gone, and indices that vanish, while they are read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from sftsec_core.api.domain import IncidentPage, PullWindow
from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.testing.incidents import START
from sftsec_search.connector import SearchConnector
from tests.connectors.search.engines import events, overheard
from tests.connectors.search.sites import EVERYTHING, Site, ids, pages, uids


def read(
    connector: SearchConnector, after_page: Callable[[int], object], cursor: str | None = None
) -> list[IncidentPage]:
    """Pull to the end, and do something after each page."""
    found = []
    for number, page in enumerate(connector.pull(EVERYTHING, cursor=cursor)):
        found.append(page)
        after_page(number)
    return found


def points_of(connector: SearchConnector, patch: pytest.MonkeyPatch) -> list[str]:
    """The points in time that a connector opens from now on, as the engine named them."""
    engine, opened = connector._client, []
    open_pit = engine.open_pit

    def note(index: str, keep_alive: str, shard: int | None = None) -> str:
        opened.append(open_pit(index, keep_alive, shard))
        return opened[-1]

    patch.setattr(engine, "open_pit", note)
    return opened


def forget(site: Site, point: str) -> None:
    """Close a point in time behind the connector's back, as the engine does when it expires."""
    if site.vendor == "elastic":
        site.server.call("DELETE", "/_pit", {"id": point})
    else:
        site.server.call("DELETE", "/_search/point_in_time", {"pit_id": [point]})


class TestPointInTime:
    def test_lost_after_every_page_loses_nothing(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        index = site.name("mail")
        site.make_index(index, number_of_shards=3)
        planted = events(200)
        site.plant(index, planted)
        connector = site.connect(index, setup=False, page_size=13)
        opened = points_of(connector, monkeypatch)
        with overheard("sftsec_search") as said:
            found = read(connector, lambda _: forget(site, opened[-1]))
        assert len(opened) > 5
        assert [line for line in said if "point in time is gone" in line]
        assert sorted(ids(found)) == sorted(planted)

    def test_lost_between_writes_repeats_nothing(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        index = site.name("mail")
        site.make_index(index)
        planted = events(100)
        site.plant(index, planted)
        connector = site.connect(index, setup=False, page_size=9)
        opened = points_of(connector, monkeypatch)
        written: list[str] = []

        def write(number: int) -> None:
            if number < 5:
                written.append(f"new-{number}")
                late = (START + timedelta(days=30)).isoformat()
                site.plant(index, {written[-1]: {"@timestamp": late, "message": "new"}})
                forget(site, opened[-1])

        found = ids(read(connector, write))
        assert len(found) == len(set(found))
        # The next page is read meanwhile: its point may be of before the last write.
        assert set(planted) < set(found) <= {*planted, *written}

    def test_is_closed_with_its_pull(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        index = site.name("mail")
        site.make_index(index)
        site.plant(index, events(50))
        connector = site.connect(index, setup=False, page_size=9)
        opened = points_of(connector, monkeypatch)
        pages(connector)
        left = connector.pull(EVERYTHING)
        next(left)
        left.close()  # type: ignore[attr-defined]
        for point in opened:
            body = {"pit": {"id": point}, "size": 1}
            assert site.server.call("POST", "/_search", body)[0] == 404
        assert len(opened) == 2


class TestVanishedIndex:
    @pytest.mark.parametrize("how", ["deleted", "closed"])
    def test_of_a_pattern_leaves_the_others(self, site: Site, how: str) -> None:
        name = site.name("mail")
        for part in "abc":
            site.make_index(f"{name}-{part}")
            site.plant(f"{name}-{part}", events(60, at_once=3))
        connector = site.connect(f"{name}-*", setup=False, page_size=12)

        def vanish(number: int) -> None:
            if number == 2:
                method, path = ("DELETE", "") if how == "deleted" else ("POST", "/_close")
                site.call(method, f"/{name}-b{path}")

        found = uids(read(connector, vanish))
        assert len(found) == len(set(found)), "nothing twice"
        for part in "ac":
            wanted = {f"{name}-{part}/{each}" for each in events(60)}
            assert wanted <= set(found), "nothing of the others is lost"

    def test_ends_the_pull_in_one_line(
        self,
        site: Site,
    ) -> None:
        index = site.name("mail")
        site.make_index(index)
        site.plant(index, events(100, at_once=3))
        connector = site.connect(index, setup=False, page_size=9)
        found: list[str] = []

        def vanish(number: int) -> None:
            found.append(str(number))
            if number == 2:
                site.call("DELETE", f"/{index}")

        with pytest.raises(ConnectorError, match=f"there is no index '{index}'") as error:
            read(connector, vanish)
        assert "correct `sources`" in str(error.value)
        assert "\n" not in str(error.value)
        assert len(found) >= 3, "what came before was given"


class TestMissingIndex:
    def test_is_named_by_pull_and_check(self, site: Site) -> None:
        name = site.name("mail")
        site.make_index(f"{name}-a")
        for index in (f"{name}-none", f"{name}-a,{name}-none"):
            connector = site.connect(index)
            with pytest.raises(ConnectorError, match=f"there is no index '{index}'") as error:
                pages(connector)
            assert "\n" not in str(error.value)
            assert f"the source {index!r} does not exist: correct `sources`" in connector.check()


class TestPattern:
    @pytest.mark.parametrize("labelled", [True, False, None])
    def test_without_an_index_is_empty(self, site: Site, labelled: bool | None) -> None:
        connector = site.connect(site.name("mail") + "-*")
        assert pages(connector, PullWindow(labelled=labelled)) == []
        assert list(connector.check()) == []

    def test_that_matches_later_is_read_whole(self, site: Site) -> None:
        name = site.name("mail")
        connector = site.connect(f"{name}-*", setup=False)
        assert pages(connector) == []
        site.make_index(f"{name}-a")
        site.plant(f"{name}-a", events(5))
        assert sorted(ids(pages(connector))) == sorted(events(5))

    def test_leaves_a_closed_index_out(self, site: Site) -> None:
        name = site.name("mail")
        for part in "ab":
            site.make_index(f"{name}-{part}")
            site.plant(f"{name}-{part}", events(5))
        site.call("POST", f"/{name}-b/_close")
        assert len(ids(pages(site.connect(f"{name}-*", setup=False)))) == 5
        with pytest.raises(ConnectorError, match="index_closed_exception") as error:
            pages(site.connect(f"{name}-b", setup=False))
        assert "\n" not in str(error.value)


class TestMissingShard:
    def test_stops_the_pull_of_its_index(self, site: Site) -> None:
        """A node may hold one of two shards only: an engine leaves the other out by default."""
        index = site.name("mail")
        limits = {
            "index.number_of_shards": 2,
            "index.number_of_replicas": 0,
            "index.routing.allocation.total_shards_per_node": 1,
        }
        path = f"/{index}?wait_for_active_shards=0&timeout=1s"
        site.call("PUT", path, {"settings": limits})
        documents = "".join(
            f'{{"create":{{"_id":"{n}"}}}}\n{{"@timestamp":"2026-01-05T08:00:00Z"}}\n'
            for n in range(9)
        )
        site.server.call("POST", f"/{index}/_bulk?refresh=true&timeout=100ms", documents)
        connector = site.connect(index, setup=False, retry_timeout="0s")
        with pytest.raises(ConnectorUnavailableError, match="answers 503") as error:
            pages(connector)
        assert "\n" not in str(error.value)
        limit = {"index.routing.allocation.total_shards_per_node": None}
        site.call("PUT", f"/{index}/_settings", limit)
        site.call("GET", f"/_cluster/health/{index}?wait_for_status=green&timeout=30s")
        site.server.call("POST", f"/{index}/_bulk?refresh=true", documents)
        assert sorted(ids(pages(connector))) == [str(n) for n in range(9)]
