"""What comes in late is read by the next pull, and nothing twice, whichever documents say when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sftsec_core.api.domain import IncidentPage, PullWindow
from sftsec_search.connector import SearchConnector
from tests.connectors.search.sites import Site, ids, incidents, pages

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SCORING, TRAINING, ALL = PullWindow(labelled=False), PullWindow(labelled=True), PullWindow()
WORD = {"properties": {"word": {"type": "keyword"}}}


def mappings(ingested: str | None = "date", **timestamp: Any) -> dict[str, Any]:
    """Of an index whose documents may say when they arrived."""
    arrival = {} if ingested is None else {"ingested": {"type": ingested}}
    event = {"dynamic": False, "properties": {"module": {"type": "keyword"}, **arrival}}
    return {
        "dynamic": False,
        "properties": {
            "@timestamp": {"type": "date", **timestamp},
            "event": event,
            "verdict": WORD,
        },
    }


def event(minutes: float, delay: float | None = 5, *, label: bool = False) -> dict[str, Any]:
    """An event of so many minutes before noon, which arrived so many seconds later, if it says."""
    at = NOW - timedelta(minutes=minutes)
    arrived = {} if delay is None else {"ingested": (at + timedelta(seconds=delay)).isoformat()}
    verdict = {"verdict": {"word": "spam"}} if label else {}
    return {"@timestamp": at.isoformat(), "event": arrived, "message": f"{minutes}", **verdict}


def connect(site: Site, index: str, now: datetime = NOW, **source: Any) -> SearchConnector:
    sources = [{"kind": "index", "index": index, "label": "verdict.word", **source}]
    return site.connect(sources=sources, setup=False, clock=lambda: now, page_size=3)


def made(site: Site, **documents: Mapping[str, Any]) -> str:
    index = site.name("mail")
    site.make_index(index, mappings())
    site.plant(index, documents)
    return index


def some(count: int, delay: float | None = 5, **options: Any) -> dict[str, dict[str, Any]]:
    """Events of an hour and more ago, the oldest first."""
    return {f"e{number:02d}": event(90 - number, delay, **options) for number in range(count)}


class TestLateDocument:
    @pytest.mark.parametrize("window", [SCORING, TRAINING, ALL], ids=["score", "train", "all"])
    def test_is_read_by_the_next_pull(self, site: Site, window: PullWindow) -> None:
        label = window.labelled is True
        index = made(site, **some(8, label=label))
        first = pages(connect(site, index), window)
        assert ids(first) == sorted(some(8))
        late = {f"l{n}": event(600 + n, 9.5 * 3600, label=label) for n in range(4)}
        site.plant(index, late)
        then = pages(connect(site, index), window, first[-1].cursor)
        assert sorted(ids(then)) == sorted(late)
        assert pages(connect(site, index), window, then[-1].cursor) == []

    def test_keeps_to_the_window_of_times(self, site: Site) -> None:
        index = made(site, **some(4))
        window = PullWindow(since=NOW - timedelta(hours=3), labelled=False)
        first = pages(connect(site, index), window)
        site.plant(index, {"old": event(200, 11_000), "late": event(170, 9_000)})
        assert ids(pages(connect(site, index), window, first[-1].cursor)) == ["late"]

    def test_waits_until_it_has_settled(self, site: Site) -> None:
        index = made(site, old=event(60), young=event(60, 3570))
        first = pages(connect(site, index), SCORING)
        assert ids(first) == ["old"]
        # Written before that one and found by no search until now.
        site.plant(index, {"slow": event(60, 3560)})
        then = connect(site, index, NOW + timedelta(minutes=1))
        assert ids(pages(then, SCORING, first[-1].cursor)) == ["slow", "young"]


class TestDocumentWithoutArrival:
    def test_is_read_by_its_time(self, site: Site) -> None:
        both = {f"n{number}": event(80 - number, None) for number in range(5)}
        index = made(site, **some(5), **both, young=event(0.5, None))
        first = pages(connect(site, index), SCORING)
        assert ids(first) == [*some(5), *both]
        then = pages(connect(site, index, NOW + timedelta(minutes=1)), SCORING, first[-1].cursor)
        assert ids(then) == ["young"]

    def test_may_be_all_of_them_at_first(self, site: Site) -> None:
        index = made(site, **some(5, None))
        first = pages(connect(site, index), SCORING)
        assert ids(first) == sorted(some(5))
        late = {f"l{n}": event(600 + n) for n in range(2)}
        site.plant(index, late)
        assert sorted(ids(pages(connect(site, index), SCORING, first[-1].cursor))) == sorted(late)

    @pytest.mark.parametrize("other", [None, "keyword", "date_nanos"])
    def test_may_be_that_of_another_index(self, site: Site, other: str | None) -> None:
        """One index of the pattern has no such date, or one of another type."""
        name = site.name("mail")
        for part, kind in (("a", "date"), ("b", other)):
            site.make_index(f"{name}-{part}", mappings(kind))
            site.plant(f"{name}-{part}", {f"{part}{uid}": e for uid, e in some(7).items()})
        connector = connect(site, f"{name}-*")
        whole = pages(connector, SCORING)
        assert sorted(ids(whole)) == sorted(f"{part}{uid}" for part in "ab" for uid in some(7))
        for number, page in enumerate(whole):
            assert ids(pages(connector, SCORING, page.cursor)) == ids(whole[number + 1 :])
        for part in ("a", "b") if other == "date_nanos" else ("a",):
            site.plant(f"{name}-{part}", {"late": event(600, 34_500 + len(whole))})
            then = pages(connector, SCORING, whole[-1].cursor)
            assert ids(then) == ["late"]
            whole += then

    def test_without_a_time_is_counted(self, site: Site, caplog: pytest.LogCaptureFixture) -> None:
        index = made(site, neither={"message": "x"}, arrived={"event": event(60)["event"]})
        assert ids(pages(connect(site, index), SCORING)) == ["arrived"]
        assert f"1 documents of {index} have no @timestamp" in caplog.text


def cursors_by_time(site: Site, index: str) -> list[IncidentPage]:
    """Pages as a version read them that knew no arrivals: its cursors are still of this form."""
    return pages(connect(site, index, arrival_field=None), SCORING)


class TestCursorByTime:
    """A cursor of the version before, or of an index that did not map the field yet."""

    @pytest.mark.parametrize("kind", ["date", "date_nanos"])
    def test_resumes_with_exactly_the_rest(self, site: Site, kind: str) -> None:
        index = site.name("mail")
        site.make_index(index, mappings(kind, type=kind))
        at_once = {f"s{number}": event(70, 5 + number) for number in range(7)}
        site.plant(index, some(8) | at_once | {"n0": event(69, None), "n1": event(70, None)})
        before = cursors_by_time(site, index)
        assert len(ids(before)) == 17
        connector = connect(site, index)
        for number, page in enumerate(before):
            found = pages(connector, SCORING, page.cursor)
            assert sorted(ids(found)) == sorted(ids(before[number + 1 :]))
            for count, after in enumerate(found):
                rest = pages(connector, SCORING, after.cursor)
                assert ids(rest) == ids(found[count + 1 :])

    def test_finds_what_came_late_since(self, site: Site) -> None:
        index = made(site, **some(8), n0=event(69, None))
        cursor = cursors_by_time(site, index)[-1].cursor
        site.plant(index, {"late": event(600, 34_500)})
        first = pages(connect(site, index), SCORING, cursor)
        assert ids(first) == ["late"]
        site.plant(index, {"later": event(700, 41_000), "n1": event(50, None)})
        assert ids(pages(connect(site, index), SCORING, first[-1].cursor)) == ["later", "n1"]


class TestArrivalField:
    def test_may_be_another_one(self, site: Site) -> None:
        index = site.name("mail")
        site.make_index(index, {"properties": {"arrived": {"type": "date"}}})

        def document(minutes: float, arrived: float) -> dict[str, Any]:
            given = event(minutes, None)
            return {**given, "arrived": (NOW - timedelta(minutes=arrived)).isoformat()}

        site.plant(index, {"a": document(90, 80), "b": document(85, 84)})
        first = pages(connect(site, index, arrival_field="arrived"), SCORING)
        assert ids(first) == ["b", "a"]
        site.plant(index, {"late": document(600, 10)})
        then = pages(connect(site, index, arrival_field="arrived"), SCORING, first[-1].cursor)
        assert ids(then) == ["late"]

    def test_that_is_turned_off_repeats_nothing(self, site: Site) -> None:
        index = made(site, **some(5), n0=event(80, None))
        first = pages(connect(site, index), SCORING)
        assert len(incidents(first)) == 6
        site.plant(index, {"new": event(30), "n1": event(30, None)})
        off = connect(site, index, arrival_field=None)
        assert sorted(ids(pages(off, SCORING, first[-1].cursor))) == ["n1", "new"]
        assert sorted(ids(pages(off, SCORING, first[0].cursor))) == [
            *list(some(5))[3:], "n0", "n1", "new"
        ]  # fmt: skip
