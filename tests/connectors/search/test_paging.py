"""Every document once, in any order of events, pages, points in time and pulls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sftsec_core.api.domain import IncidentPage, PullWindow
from sftsec_core.testing.incidents import START
from tests.connectors.search.engines import events
from tests.connectors.search.sites import EVERYTHING, MAPPINGS, Site, ids, pages, uids

ONE_TIME = 1_000_000


def step_by_step(site: Site, index: str, **options: Any) -> list[IncidentPage]:
    """Each page from a process of its own: another connector, another point in time."""
    found: list[IncidentPage] = []
    while True:
        connector = site.connect(index, setup=False, **options)
        cursor = found[-1].cursor if found else None
        page = next(iter(connector.pull(EVERYTHING, cursor=cursor)), None)
        connector.close()
        if page is None:
            return found
        found.append(page)


def at(minute: float) -> str:
    return (START + timedelta(minutes=minute)).isoformat()


class TestTies:
    def test_over_several_shards_are_read_once(self, site: Site) -> None:
        index = site.name("mail")
        site.make_index(index, number_of_shards=5)
        planted = events(1003, at_once=ONE_TIME)
        site.plant(index, planted)
        found = pages(site.connect(index, setup=False, page_size=50))
        assert sorted(ids(found)) == sorted(planted)
        assert len(found) == 21

    def test_survive_another_point_in_time(self, site: Site) -> None:
        index = site.name("mail")
        site.make_index(index, number_of_shards=3)
        planted = events(301, at_once=ONE_TIME)
        site.plant(index, planted)
        found = step_by_step(site, index, page_size=17)
        assert sorted(ids(found)) == sorted(planted)

    @pytest.mark.parametrize("size", [1, 2, 40, 41, 10_000])
    def test_are_the_same_for_any_page_size(self, site: Site, size: int) -> None:
        index = site.name("mail")
        site.make_index(index)
        planted = events(41, at_once=9)
        site.plant(index, planted)
        found = pages(site.connect(index, setup=False, page_size=size))
        assert sorted(ids(found)) == sorted(planted)
        times = [incident.at for page in found for incident in page.incidents]
        assert times == sorted(times, key=str)
        assert [len(page.incidents) for page in found[:-1]] == [size] * (len(found) - 1)


class TestSameId:
    def test_in_several_indices_is_several_documents(self, site: Site) -> None:
        name, planted = site.name("mail"), events(60, at_once=ONE_TIME)
        for part in "ab":
            site.make_index(f"{name}-{part}")
            site.plant(f"{name}-{part}", planted)
        wanted = sorted(f"{name}-{part}/{each}" for part in "ab" for each in planted)
        assert sorted(uids(pages(site.connect(f"{name}-*", setup=False, page_size=7)))) == wanted

    def test_survives_another_point_in_time(self, site: Site) -> None:
        name, planted = site.name("mail"), events(25, at_once=5)
        for part in "ab":
            site.make_index(f"{name}-{part}")
            site.plant(f"{name}-{part}", planted)
        wanted = sorted(f"{name}-{part}/{each}" for part in "ab" for each in planted)
        assert sorted(uids(step_by_step(site, f"{name}-*", page_size=4))) == wanted


class TestTimes:
    @pytest.mark.parametrize("form", [{}, {"format": "strict_date_optional_time||epoch_millis"}])
    def test_in_nanoseconds_are_told_apart(self, site: Site, form: Mapping[str, str]) -> None:
        """By default both engines compare such times rounded to the millisecond."""
        index = site.name("mail")
        site.make_index(index, {"properties": {"@timestamp": {"type": "date_nanos", **form}}})
        planted = {
            f"n{number:03d}": {"@timestamp": f"2026-01-05T08:00:00.{123456000 + number:09d}Z"}
            for number in range(60)
        }
        site.plant(index, planted)
        assert ids(pages(site.connect(index, setup=False, page_size=7))) == sorted(planted)
        assert ids(step_by_step(site, index, page_size=13)) == sorted(planted)

    @pytest.mark.parametrize("kind", ["date", "date_nanos"])
    def test_that_are_missing_come_last(self, site: Site, kind: str) -> None:
        index = site.name("mail")
        site.make_index(index, {"properties": {"@timestamp": {"type": kind}}})
        timed = {f"t{number:02d}": {"@timestamp": at(number)} for number in range(20)}
        untimed: Mapping[str, Any] = {f"u{number:02d}": {"message": "x"} for number in range(20)}
        site.plant(index, {**untimed, **timed})
        for found in (
            pages(site.connect(index, setup=False, page_size=7)),
            step_by_step(site, index, page_size=7),
        ):
            assert ids(found)[:20] == sorted(timed)
            assert sorted(ids(found)[20:]) == sorted(untimed)

    def test_may_be_missing_from_an_index(self, site: Site) -> None:
        name = site.name("mail")
        site.make_index(f"{name}-a")
        site.make_index(f"{name}-b", {"properties": {"message": {"type": "text"}}})
        site.plant(f"{name}-a", events(20))
        site.plant(f"{name}-b", {f"u{number:02d}": {"message": "x"} for number in range(20)})
        connector = site.connect(f"{name}-*", setup=False, page_size=7)
        assert len(set(uids(pages(connector)))) == 40
        assert len(set(uids(step_by_step(site, f"{name}-*", page_size=7)))) == 40

    def test_of_mixed_units_are_all_read(self, site: Site) -> None:
        name = site.name("mail")
        for part, kind in (("a", "date"), ("b", "date_nanos")):
            site.make_index(f"{name}-{part}", {"properties": {"@timestamp": {"type": kind}}})
            site.plant(f"{name}-{part}", events(30, at_once=3))
        assert len(set(uids(pages(site.connect(f"{name}-*", setup=False, page_size=7))))) == 60
        found = uids(step_by_step(site, f"{name}-*", page_size=7))
        assert (len(found), len(set(found))) == (60, 60)

    def test_of_another_unit_are_new(self, site: Site) -> None:
        """A pattern gets an index of nanoseconds, and another of milliseconds after it."""
        name, cursor = site.name("mail"), None
        for number, kind in enumerate(("date", "date_nanos", "date")):
            index = f"{name}-{number}"
            site.make_index(index, {"properties": {"@timestamp": {"type": kind}}})
            new = {f"{kind}{minute}": {"@timestamp": at(10 * number + minute)} for minute in (1, 2)}
            site.plant(index, new)
            found = pages(site.connect(f"{name}-*", setup=False), cursor=cursor)
            assert ids(found) == sorted(new)
            cursor = found[-1].cursor
        site.call("DELETE", f"/{name}-1")
        site.plant(f"{name}-0", {"last": {"@timestamp": at(30)}})
        assert ids(pages(site.connect(f"{name}-*", setup=False), cursor=cursor)) == ["last"]

    def test_of_any_format_fit_a_window(self, site: Site) -> None:
        index = site.name("mail")
        field = {"type": "date", "format": "yyyy-MM-dd HH:mm:ss"}
        site.make_index(index, {"properties": {"@timestamp": field}})
        site.plant(
            index,
            {
                f"d{minute:02d}": {
                    "@timestamp": f"{START + timedelta(minutes=minute):%Y-%m-%d %H:%M:%S}"
                }
                for minute in range(20)
            },
        )
        window = PullWindow(since=START + timedelta(minutes=5), until=START + timedelta(minutes=12))
        found = pages(site.connect(index, setup=False, page_size=3), window)
        assert ids(found) == [f"d{minute:02d}" for minute in range(5, 12)]


class TestConcurrentWrite:
    def test_is_read_by_the_next_pull(self, site: Site) -> None:
        index = site.name("mail")
        site.make_index(index)
        planted = events(100, at_once=10)
        site.plant(index, planted)
        found = []
        for number, page in enumerate(
            site.connect(index, setup=False, page_size=9).pull(EVERYTHING)
        ):
            found.append(page)
            site.plant(
                index, {f"new-{number}": {"@timestamp": at(1000 + number), "message": "new"}}
            )
        assert sorted(ids(found)) == sorted(planted)
        rest = pages(site.connect(index, setup=False), cursor=found[-1].cursor)
        assert ids(rest) == [f"new-{number}" for number in range(len(found))]

    def test_changes_nothing_of_this_pull(self, site: Site) -> None:
        index = site.name("mail")
        site.make_index(index)
        planted = events(100, at_once=10)
        site.plant(index, planted)
        found = []
        for number, page in enumerate(
            site.connect(index, setup=False, page_size=9).pull(EVERYTHING)
        ):
            found.append(page)
            name = f"event-{99 - number:06d}"
            site.plant(index, {name: {**planted[name], "message": "changed"}})
            site.call("DELETE", f"/{index}/_doc/event-{50 + number:06d}?refresh=true")
        assert sorted(ids(found)) == sorted(planted)
        texts = {i.fields["message"] for page in found for i in page.incidents}
        assert "changed" not in texts


class TestCursor:
    def test_resumes_with_exactly_the_new_documents(self, site: Site) -> None:
        index = site.name("mail")
        site.make_index(index)
        planted = events(50, at_once=10)
        site.plant(index, planted)
        cursor = pages(site.connect(index, setup=False, page_size=20))[-1].cursor
        connector = site.connect(index, setup=False, page_size=20)
        assert pages(connector, cursor=cursor) == []
        later = {f"later-{number}": {"@timestamp": at(60 + number)} for number in range(30)}
        site.plant(index, later)
        fresh = pages(connector, cursor=cursor)
        assert sorted(ids(fresh)) == sorted(later)
        assert pages(connector, cursor=fresh[-1].cursor) == []

    def test_holds_the_positions_of_all_sources(self, site: Site) -> None:
        names = [site.name(f"mail{number}") for number in range(3)]
        for index in names:
            site.make_index(index)
            site.plant(index, events(10, at_once=3))
        sources = [{"kind": "index", "index": index} for index in names]

        def pull(cursor: str | None) -> list[IncidentPage]:
            return pages(site.connect(sources=sources, setup=False, page_size=4), cursor=cursor)

        whole = pull(None)
        assert len(set(uids(whole))) == 30
        for number, page in enumerate(whole):
            assert uids(pull(page.cursor)) == uids(whole[number + 1 :])
        site.plant(names[0], {"later": {"@timestamp": at(60)}})
        site.plant(names[2], {"later": {"@timestamp": at(60)}})
        assert uids(pull(whole[-1].cursor)) == [f"{names[0]}/later", f"{names[2]}/later"]

    def test_reads_an_added_source_whole(self, site: Site) -> None:
        names = [site.name(f"mail{number}") for number in range(2)]
        for index in names:
            site.make_index(index)
            site.plant(index, events(10))
        first = {"kind": "index", "index": names[0]}
        cursor = pages(site.connect(sources=[first], setup=False))[-1].cursor
        both = [first, {"kind": "index", "index": names[1]}]
        found = uids(pages(site.connect(sources=both, setup=False), cursor=cursor))
        assert sorted(found) == [f"{names[1]}/{each}" for each in sorted(events(10))]

    def test_refuses_another_connectors_cursor(self, site: Site) -> None:
        index = site.name("mail")
        site.make_index(index, MAPPINGS)
        with pytest.raises(Exception, match="cursor is not one of") as error:
            pages(site.connect(index, setup=False), cursor="incidents.jsonl:17")
        assert "\n" not in str(error.value)


class TestSettle:
    def test_delays_the_scoring_of_young_events(self, site: Site) -> None:
        index = site.name("mail")
        site.make_index(index)
        now = datetime(2026, 1, 5, 9, tzinfo=UTC)
        unlabelled = PullWindow(labelled=False)
        young = {"@timestamp": (now - timedelta(seconds=30)).isoformat()}
        old = {"@timestamp": (now - timedelta(seconds=90)).isoformat()}
        site.plant(index, {"old": old, "young": young})
        connector = site.connect(index, setup=False, settle="1m", clock=lambda: now)
        first = pages(connector, unlabelled)
        assert ids(first) == ["old"]
        # It comes in late, with a time before that of the one that waits.
        site.plant(index, {"late": {"@timestamp": (now - timedelta(seconds=45)).isoformat()}})
        then = site.connect(
            index, setup=False, settle="1m", clock=lambda: now + timedelta(minutes=1)
        )
        assert ids(pages(then, unlabelled, first[-1].cursor)) == ["late", "young"]

    def test_delays_nothing_that_is_judged(self, site: Site) -> None:
        index = site.name("mail")
        site.make_index(index)
        now = START + timedelta(minutes=1)
        site.plant(index, events(3, at_once=ONE_TIME))
        connector = site.connect(index, setup=False, settle="1h", clock=lambda: now)
        assert len(ids(pages(connector, PullWindow(labelled=True)))) == 3

    def test_can_be_switched_off(self, site: Site) -> None:
        index = site.name("mail")
        site.make_index(index)
        site.plant(index, events(3, at_once=ONE_TIME, label=None))
        connector = site.connect(index, setup=False, settle="0s", clock=lambda: START)
        assert len(ids(pages(connector, PullWindow(labelled=False)))) == 3
