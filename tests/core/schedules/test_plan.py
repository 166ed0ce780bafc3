"""What a schedule has to do at a moment."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftsec_core.config.schedules import ScheduleSettings
from sftsec_core.schedules import plan as module
from sftsec_core.schedules.plan import SchedulePlan, plan
from sftsec_core.store.schedules import ScheduleState
from tests.core.schedules.given import HOUR, START, GivenFacts, begun, schedule

HOURLY = {"cron": "0 * * * *"}


def planned(after: timedelta, facts: GivenFacts | None = None, **said: Any) -> SchedulePlan:
    return plan("x", schedule(**said), begun(), facts or GivenFacts(), START + after)


def due(found: SchedulePlan) -> list[float]:
    """Hours after the start of what is due."""
    return [(each.due_at - START) / HOUR for each in found.due]


def skipped(found: SchedulePlan) -> list[tuple[float, float, int, str]]:
    return [
        ((e.first - START) / HOUR, (e.last - START) / HOUR, e.count, e.why) for e in found.skipped
    ]


class TestCatchUp:
    def test_one_runs_the_newest(self) -> None:
        found = planned(3.5 * HOUR, when=HOURLY)
        assert (due(found), skipped(found)) == ([3], [(1, 2, 2, "missed")])

    def test_all_runs_each_in_order(self) -> None:
        found = planned(3.5 * HOUR, when=HOURLY, catch_up="all")
        assert (due(found), skipped(found)) == ([1, 2, 3], [])

    def test_skip_runs_what_is_in_time(self) -> None:
        minute = timedelta(minutes=1)
        in_time = planned(3 * HOUR + minute, when=HOURLY, catch_up="skip")
        late = planned(3.5 * HOUR, when=HOURLY, catch_up="skip")
        assert (due(in_time), skipped(in_time)) == ([3], [(1, 2, 2, "missed")])
        assert (due(late), skipped(late)) == ([], [(1, 3, 3, "missed")])
        assert "30.0 min late" in late.reason

    def test_skip_keeps_a_condition(self) -> None:
        facts = GivenFacts(verdicts=[START] * 3)
        found = planned(timedelta(days=3), facts, when={"new_verdicts": 3}, catch_up="skip")
        assert due(found) == [0]

    def test_more_than_one_look_covers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MOST", 3)
        first = planned(4.5 * HOUR, when=HOURLY)
        assert (due(first), skipped(first)) == ([], [(1, 3, 3, "missed")])
        rest = plan("x", schedule(when=HOURLY), first.state, GivenFacts(), START + 4.5 * HOUR)
        assert (due(rest), skipped(rest)) == ([4], [])
        assert due(planned(3.5 * HOUR, when=HOURLY)) == [3]


class TestRunUnderWay:
    def test_lets_occurrences_wait(self) -> None:
        found = planned(2.5 * HOUR, GivenFacts(busy="r1"), when=HOURLY)
        assert (found.due, found.skipped, found.state) == ((), (), begun())
        assert "r1 has not ended" in found.reason

    def test_does_not_matter_with_overlap(self) -> None:
        found = planned(1.5 * HOUR, GivenFacts(busy="r1"), when=HOURLY, overlap=True)
        assert due(found) == [1]


NIGHT: dict[str, Any] = {"window": "22:00-06:00", "when": HOURLY}


class TestWindow:
    def test_makes_occurrences_wait_for_it(self) -> None:
        closed = planned(12 * HOUR, **NIGHT)
        assert (due(closed), closed.starts_at) == ([], START + 22 * HOUR)
        assert "waits for its window" in closed.reason
        opened = planned(22 * HOUR, **NIGHT)
        assert (due(opened), skipped(opened)) == ([22], [(1, 21, 21, "missed")])

    def test_what_waited_is_in_time(self) -> None:
        said: dict[str, Any] = {
            "when": {"cron": "0 12 * * *"},
            "window": "22:00-06:00",
            "catch_up": "skip",
        }
        assert due(planned(22 * HOUR, **said)) == [12]

    def test_skips_what_lies_outside(self) -> None:
        found = planned(22.5 * HOUR, outside="skip", **NIGHT)
        assert due(found) == [22]
        assert skipped(found) == [(1, 5, 5, "missed"), (6, 21, 16, "outside")]


class TestJitter:
    def test_delays_the_start_alone(self) -> None:
        (run,) = planned(1.5 * HOUR, when=HOURLY, jitter="10m").due
        assert run.due_at == START + HOUR
        assert START + HOUR <= run.not_before <= START + HOUR + timedelta(minutes=10)
        again = planned(1.7 * HOUR, when=HOURLY, jitter="10m").due[0]
        assert again == run

    def test_differs_from_time_to_time(self) -> None:
        found = planned(50 * HOUR, when=HOURLY, jitter="10m", catch_up="all").due
        assert len({each.not_before - each.due_at for each in found}) == len(found)

    def test_stays_within_the_window(self) -> None:
        said: dict[str, Any] = {
            "when": HOURLY,
            "window": "00:00-01:05",
            "jitter": "1h",
            "catch_up": "all",
        }
        starts = [each.not_before for each in planned(timedelta(days=60), **said).due]
        assert {
            each.replace(minute=each.minute // 5 * 5, second=0, microsecond=0).time()
            for each in starts
        } <= {time(0, n) for n in range(0, 60, 5)} | {time(1, 0)}


class TestPaused:
    PAUSED = ScheduleState(START, START, paused=True)

    def test_lets_times_pass_unused(self) -> None:
        found = plan("x", schedule(when=HOURLY), self.PAUSED, GivenFacts(), START + 2.5 * HOUR)
        assert (due(found), skipped(found)) == ([], [(1, 2, 2, "paused")])
        assert found.state.since == START + 2 * HOUR

    def test_lets_conditions_wait(self) -> None:
        facts = GivenFacts(verdicts=[START] * 3)
        found = plan("x", schedule(when={"new_verdicts": 3}), self.PAUSED, facts, START + HOUR)
        assert (found.due, found.skipped, found.state) == ((), (), self.PAUSED)


SCHEDULES = st.builds(
    schedule,
    when=st.sampled_from(
        [HOURLY, {"interval": "90m"}, {"cron": "30 2 * * *"}, {"cron": "*/20 1-4 * * *"}]
    ),
    timezone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
    catch_up=st.sampled_from(["one", "all", "skip"]),
    window=st.sampled_from([[], ["22:00-06:00 mon-fri"], ["08:00-12:00", "20:00-23:00"]]),
    outside=st.sampled_from(["wait", "skip"]),
)
# Looks of a worker: mostly a bit later, at times after a downtime or with a clock set back.
STEPS = st.lists(st.sampled_from([1, 7, 10, 30, 60, 600, 2000, -60, -5]), max_size=60)


class TestAccounting:
    @settings(deadline=None, max_examples=60)
    @given(said=SCHEDULES, steps=STEPS, day=st.sampled_from(["2026-03-07", "2026-10-23"]))
    def test_covers_each_time_once(
        self, said: ScheduleSettings, steps: list[int], day: str
    ) -> None:
        """Whatever the clock does, each time is run or skipped once and no other time is."""
        start = now = datetime.fromisoformat(day).replace(tzinfo=UTC)
        state, seen = begun(start), Counter[datetime]()
        covered = 0
        for minutes in steps:
            now += timedelta(minutes=minutes)
            found = plan("x", said, state, GivenFacts(), now)
            state = found.state
            seen.update(each.due_at for each in found.due)
            covered += len(found.due) + sum(each.count for each in found.skipped)
            assert all(each.due_at <= now for each in found.due)
            assert all(each.not_before >= each.due_at for each in found.due)
        reference = plan(
            "x",
            # Not a copy: that has what the settings have cached of their window.
            ScheduleSettings(
                **{**said.model_dump(exclude_unset=True), "catch_up": "all", "window": ()}
            ),
            begun(start),
            GivenFacts(),
            state.since,
        )
        assert set(seen.values()) <= {1}
        assert set(seen) <= {each.due_at for each in reference.due}
        assert covered == len(reference.due)
