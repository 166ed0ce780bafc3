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


# --- ties


def test_documents_of_one_time_over_several_shards_are_all_read_once(site: Site) -> None:
    index = site.name("mail")
    site.make_index(index, number_of_shards=5)
    planted = events(1003, at_once=ONE_TIME)
    site.plant(index, planted)
    found = pages(site.connect(index, setup=False, page_size=50))
    assert sorted(ids(found)) == sorted(planted)
    assert len(found) == 21


def test_another_point_in_time_at_every_page_loses_none_and_repeats_none(site: Site) -> None:
    index = site.name("mail")
    site.make_index(index, number_of_shards=3)
    planted = events(301, at_once=ONE_TIME)
    site.plant(index, planted)
    found = step_by_step(site, index, page_size=17)
    assert sorted(ids(found)) == sorted(planted)


def test_the_same_ids_in_several_indices_are_documents_of_their_own(site: Site) -> None:
    name, planted = site.name("mail"), events(60, at_once=ONE_TIME)
    for part in "ab":
        site.make_index(f"{name}-{part}")
        site.plant(f"{name}-{part}", planted)
    wanted = sorted(f"{name}-{part}/{each}" for part in "ab" for each in planted)
    assert sorted(uids(pages(site.connect(f"{name}-*", setup=False, page_size=7)))) == wanted


def test_the_same_ids_in_several_indices_survive_another_point_in_time(site: Site) -> None:
    name, planted = site.name("mail"), events(25, at_once=5)
    for part in "ab":
        site.make_index(f"{name}-{part}")
        site.plant(f"{name}-{part}", planted)
    wanted = sorted(f"{name}-{part}/{each}" for part in "ab" for each in planted)
    assert sorted(uids(step_by_step(site, f"{name}-*", page_size=4))) == wanted


@pytest.mark.parametrize("size", [1, 2, 40, 41, 10_000])
def test_any_size_of_page_brings_the_same(site: Site, size: int) -> None:
    index = site.name("mail")
    site.make_index(index)
    planted = events(41, at_once=9)
    site.plant(index, planted)
    found = pages(site.connect(index, setup=False, page_size=size))
    assert sorted(ids(found)) == sorted(planted)
    times = [incident.at for page in found for incident in page.incidents]
    assert times == sorted(times, key=str)
    assert [len(page.incidents) for page in found[:-1]] == [size] * (len(found) - 1)


# --- times


@pytest.mark.parametrize("form", [{}, {"format": "strict_date_optional_time||epoch_millis"}])
def test_times_in_nanoseconds_are_kept_apart(site: Site, form: Mapping[str, str]) -> None:
    """Both engines compare such times rounded to the millisecond, unless it is asked otherwise."""
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
def test_documents_without_a_time_come_last_and_none_is_lost(site: Site, kind: str) -> None:
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


def test_an_index_without_the_field_is_read_beside_one_that_has_it(site: Site) -> None:
    name = site.name("mail")
    site.make_index(f"{name}-a")
    site.make_index(f"{name}-b", {"properties": {"message": {"type": "text"}}})
    site.plant(f"{name}-a", events(20))
    site.plant(f"{name}-b", {f"u{number:02d}": {"message": "x"} for number in range(20)})
    connector = site.connect(f"{name}-*", setup=False, page_size=7)
    assert len(set(uids(pages(connector)))) == 40
    assert len(set(uids(step_by_step(site, f"{name}-*", page_size=7)))) == 40


def test_seconds_and_nanoseconds_behind_one_pattern_are_all_read(site: Site) -> None:
    name = site.name("mail")
    for part, kind in (("a", "date"), ("b", "date_nanos")):
        site.make_index(f"{name}-{part}", {"properties": {"@timestamp": {"type": kind}}})
        site.plant(f"{name}-{part}", events(30, at_once=3))
    assert len(set(uids(pages(site.connect(f"{name}-*", setup=False, page_size=7))))) == 60
    found = uids(step_by_step(site, f"{name}-*", page_size=7))
    assert (len(found), len(set(found))) == (60, 60)


def test_a_window_fits_a_date_of_any_format(site: Site) -> None:
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


# --- while it is read


def test_what_is_written_during_a_pull_is_of_the_next(site: Site) -> None:
    index = site.name("mail")
    site.make_index(index)
    planted = events(100, at_once=10)
    site.plant(index, planted)
    found = []
    for number, page in enumerate(site.connect(index, setup=False, page_size=9).pull(EVERYTHING)):
        found.append(page)
        site.plant(index, {f"new-{number}": {"@timestamp": at(1000 + number), "message": "new"}})
    assert sorted(ids(found)) == sorted(planted)
    rest = pages(site.connect(index, setup=False), cursor=found[-1].cursor)
    assert ids(rest) == [f"new-{number}" for number in range(len(found))]


def test_what_is_changed_or_deleted_during_a_pull_comes_once_as_it_was(site: Site) -> None:
    index = site.name("mail")
    site.make_index(index)
    planted = events(100, at_once=10)
    site.plant(index, planted)
    found = []
    for number, page in enumerate(site.connect(index, setup=False, page_size=9).pull(EVERYTHING)):
        found.append(page)
        name = f"event-{99 - number:06d}"
        site.plant(index, {name: {**planted[name], "message": "changed"}})
        site.call("DELETE", f"/{index}/_doc/event-{50 + number:06d}?refresh=true")
    assert sorted(ids(found)) == sorted(planted)
    texts = {i.fields["message"] for page in found for i in page.incidents}
    assert "changed" not in texts


# --- from one pull to the next


def test_the_last_cursor_brings_exactly_what_came_in_since(site: Site) -> None:
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


def test_one_cursor_holds_the_positions_of_all_sources(site: Site) -> None:
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


def test_an_added_source_is_read_from_its_beginning(site: Site) -> None:
    names = [site.name(f"mail{number}") for number in range(2)]
    for index in names:
        site.make_index(index)
        site.plant(index, events(10))
    first = {"kind": "index", "index": names[0]}
    cursor = pages(site.connect(sources=[first], setup=False))[-1].cursor
    both = [first, {"kind": "index", "index": names[1]}]
    found = uids(pages(site.connect(sources=both, setup=False), cursor=cursor))
    assert sorted(found) == [f"{names[1]}/{each}" for each in sorted(events(10))]


# --- events that are still coming in


def test_events_younger_than_settle_wait_for_the_next_scoring(site: Site) -> None:
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
    then = site.connect(index, setup=False, settle="1m", clock=lambda: now + timedelta(minutes=1))
    assert ids(pages(then, unlabelled, first[-1].cursor)) == ["late", "young"]


def test_settle_holds_back_nothing_that_is_judged(site: Site) -> None:
    index = site.name("mail")
    site.make_index(index)
    now = START + timedelta(minutes=1)
    site.plant(index, events(3, at_once=ONE_TIME))
    connector = site.connect(index, setup=False, settle="1h", clock=lambda: now)
    assert len(ids(pages(connector, PullWindow(labelled=True)))) == 3


def test_with_settle_off_the_youngest_come_too(site: Site) -> None:
    index = site.name("mail")
    site.make_index(index)
    site.plant(index, events(3, at_once=ONE_TIME, label=None))
    connector = site.connect(index, setup=False, settle="0s", clock=lambda: START)
    assert len(ids(pages(connector, PullWindow(labelled=False)))) == 3


def test_a_cursor_of_something_else_is_refused_in_a_line(site: Site) -> None:
    index = site.name("mail")
    site.make_index(index, MAPPINGS)
    with pytest.raises(Exception, match="cursor is not one of") as error:
        pages(site.connect(index, setup=False), cursor="incidents.jsonl:17")
    assert "\n" not in str(error.value)
