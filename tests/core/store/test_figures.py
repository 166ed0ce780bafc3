"""Figures are kept over time: all for 90 days, then one a day."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from sftsec_core.store.figures import Figure
from sftsec_core.store.store import Store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def hours(count: float) -> datetime:
    return NOW + timedelta(hours=count)


@pytest.fixture
def store(database_url: str, state: Path) -> Iterator[Store]:
    """A store at that time."""
    with Store.open(database_url, folder=state, clock=lambda: NOW) as opened:
        yield opened


class TestFigures:
    def test_latest_goes_by_its_time(self, store: Store) -> None:
        store.figures.add("mail", "input_drift", 0.3, 0.2, 0.4, 1000, at=hours(2))
        store.figures.add("mail", "input_drift", 0.1, at=hours(1), details={"field": "message"})
        store.figures.add("mail", "score_drift", 0.9, at=hours(3))
        store.figures.add("web", "input_drift", 0.8, at=hours(3))
        found = store.figures.latest("mail", "input_drift")
        assert found == Figure("mail", "input_drift", 0.3, hours(2), 0.2, 0.4, 1000)
        assert store.figures.latest("mail", "label_shift") is None

    def test_since_includes_its_start(self, store: Store) -> None:
        for hour in (3, 1, 2):
            store.figures.add("mail", "input_drift", hour / 10, at=hours(hour))
        found = store.figures.since("mail", "input_drift", hours(2))
        assert [(each.value, each.at) for each in found] == [(0.2, hours(2)), (0.3, hours(3))]

    def test_times_are_read_as_utc(self, store: Store) -> None:
        there = timezone(timedelta(hours=5))
        store.figures.add("mail", "input_drift", 0.1, at=hours(0).astimezone(there))
        found = store.figures.latest("mail", "input_drift")
        assert found is not None
        assert found.to_json()["at"] == "2026-06-01T12:00:00+00:00"

    def test_names_are_a_tasks_own(self, store: Store) -> None:
        for task, name in (("mail", "b"), ("mail", "a"), ("mail", "b"), ("web", "c")):
            store.figures.add(task, name, 1)
        assert store.figures.names("mail") == ["a", "b"]
        assert store.figures.names("dns") == []

    @pytest.mark.parametrize("number", [math.nan, math.inf])
    def test_refuse_what_is_no_number(self, store: Store, number: float) -> None:
        with pytest.raises(ValueError, match="live_precision of task 'mail'"):
            store.figures.add("mail", "live_precision", 0.5, high=number)
        with pytest.raises(ValueError, match="live_precision of task 'mail'"):
            store.figures.add("mail", "live_precision", number)
        assert store.figures.names("mail") == []

    def test_take_part_in_a_transaction(self, store: Store) -> None:
        with suppress(KeyError), store.writing() as connection:
            store.figures.add("mail", "input_drift", 0.1, joined=connection)
            raise KeyError
        assert store.figures.names("mail") == []


class TestThinningOut:
    def test_keeps_one_a_day_after_ninety(self, database_url: str, state: Path) -> None:
        clock = [NOW]
        with Store.open(database_url, folder=state, clock=lambda: clock[0]) as store:
            for hour in (0, 6, 11, 13, 30):
                store.figures.add("mail", "input_drift", hour, at=hours(hour))
            store.figures.add("mail", "score_drift", 7, at=hours(0))
            clock[0] = hours(90 * 24 + 12)
            store.figures.add("mail", "input_drift", 99)
            found = store.figures.since("mail", "input_drift", hours(-1))
            assert [each.value for each in found] == [11, 13, 30, 99]
            assert store.figures.latest("mail", "score_drift") is not None
