"""The bounds in time of a pull."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sftsec_core.api.domain import PullWindow
from sftsec_core.sdk.window import TimeBounds, utc_now

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


HOUR = timedelta(hours=1)


def until(window: PullWindow, settle: timedelta = HOUR) -> datetime | None:
    return TimeBounds.of(window, settle, lambda: NOW).until


class TestSettle:
    def test_ends_what_is_scored_before_now(self) -> None:
        assert until(PullWindow(labelled=False)) == NOW - HOUR

    def test_keeps_an_earlier_bound(self) -> None:
        early = NOW - 5 * HOUR
        assert until(PullWindow(until=early, labelled=False)) == early

    def test_cuts_a_later_bound(self) -> None:
        assert until(PullWindow(until=NOW, labelled=False)) == NOW - HOUR

    @pytest.mark.parametrize("labelled", [True, None])
    def test_leaves_labelled_events_alone(self, labelled: bool | None) -> None:
        assert until(PullWindow(labelled=labelled)) is None
        assert until(PullWindow(until=NOW, labelled=labelled)) == NOW

    def test_can_be_switched_off(self) -> None:
        assert until(PullWindow(labelled=False), timedelta()) is None


class TestContains:
    bounds = TimeBounds(NOW, NOW + HOUR)

    def test_takes_the_first_not_the_last(self) -> None:
        assert self.bounds.contains(NOW)
        assert not self.bounds.contains(NOW + HOUR)
        assert not self.bounds.contains(NOW - timedelta(microseconds=1))

    def test_takes_one_bound_alone(self) -> None:
        assert TimeBounds(since=NOW).contains(NOW + 99 * HOUR)
        assert not TimeBounds(until=NOW).contains(NOW)

    def test_takes_an_unknown_time_only_without_bounds(self) -> None:
        assert TimeBounds().contains(None)
        assert not TimeBounds(since=NOW).contains(None)
        assert not TimeBounds(until=NOW).contains(None)


class TestClock:
    def test_is_this_machines_in_utc(self) -> None:
        assert abs(utc_now() - datetime.now(UTC)) < timedelta(seconds=5)
        assert utc_now().tzinfo is UTC
