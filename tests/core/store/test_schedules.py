"""Schedules and their occurrences, on every database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sftsec_core.api.domain import Incident, ModelRef, Verdict
from sftsec_core.api.errors import NotFoundError, StoreError
from sftsec_core.store.runs import RunOrder
from sftsec_core.store.schedules import PENDING, QUEUED, ScheduleOccurrence, ScheduleState
from sftsec_core.store.store import Store

START = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
TRIGGER = {"run": "retrain", "task": "mail", "when": {"cron": "0 2 * * *"}}


class Clock:
    now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(database_url: str, state: Path, clock: Clock) -> Iterator[Store]:
    with Store.open(database_url, folder=state, actor="tester", clock=clock) as opened:
        opened.schedules.put("nightly", {"run": "retrain"}, TRIGGER, actor="ann", roles={"admin"})
        yield opened


def occurrence(hour: int, status: str = PENDING) -> ScheduleOccurrence:
    at = START + hour * HOUR
    return ScheduleOccurrence("nightly", at, at, 1, status, "cron", at)


def moved(hour: int) -> ScheduleState:
    at = START + hour * HOUR
    return ScheduleState(at, START, at)


class TestPut:
    def test_keeps_how_far_it_came(self, store: Store, clock: Clock) -> None:
        store.schedules.advance(store.schedules.get("nightly"), moved(2), [])
        clock.now = START + 5 * HOUR
        store.schedules.put("nightly", {"priority": 3}, TRIGGER, actor="bob", roles=["admin"])
        found = store.schedules.get("nightly")
        assert (found.state, found.actor, found.settings) == (moved(2), "bob", {"priority": 3})

    def test_begins_again_with_another_trigger(self, store: Store, clock: Clock) -> None:
        store.schedules.advance(store.schedules.get("nightly"), moved(2), [])
        clock.now = START + 5 * HOUR
        store.schedules.put("nightly", {}, {"when": 1}, actor="ann", roles=["admin"])
        state = store.schedules.get("nightly").state
        assert state == ScheduleState(clock.now, clock.now)

    def test_of_the_same_changes_nothing(self, store: Store) -> None:
        before = store.schedules.get("nightly")
        store.schedules.put("nightly", {"run": "retrain"}, TRIGGER, actor="ann", roles=["admin"])
        assert store.schedules.get("nightly") == before

    def test_can_leave_settings_to_the_file(self, store: Store) -> None:
        store.schedules.put("weekly", None, TRIGGER, actor="schedule:weekly", roles=["admin"])
        assert store.schedules.get("weekly").settings is None
        assert [each.name for each in store.schedules.list()] == ["nightly", "weekly"]


class TestPause:
    def test_resumed_counts_from_then_on(self, store: Store, clock: Clock) -> None:
        store.schedules.set_paused("nightly", True)
        assert store.schedules.get("nightly").state == ScheduleState(START, START, paused=True)
        clock.now = START + HOUR
        store.schedules.set_paused("nightly", False)
        assert store.schedules.get("nightly").state == ScheduleState(clock.now, START)


class TestRemove:
    def test_leaves_the_history(self, store: Store) -> None:
        store.schedules.advance(store.schedules.get("nightly"), moved(2), [occurrence(2)])
        store.schedules.remove("nightly")
        with pytest.raises(NotFoundError, match="unknown schedule 'nightly'"):
            store.schedules.get("nightly")
        assert len(store.schedules.history("nightly")) == 1


class TestAdvance:
    def test_one_of_two_processes_succeeds(self, store: Store) -> None:
        read = store.schedules.get("nightly")
        assert store.schedules.advance(read, moved(2), [occurrence(2)])
        assert not store.schedules.advance(read, moved(3), [occurrence(3)])
        assert store.schedules.pending() == [
            replace(occurrence(2), recorded_at=START),
        ]
        assert store.schedules.get("nightly").state == moved(2)

    def test_leaves_what_was_recorded_before(self, store: Store) -> None:
        store.schedules.advance(store.schedules.get("nightly"), moved(2), [occurrence(2)])
        store.schedules.settle(occurrence(2), QUEUED, "r1")
        store.schedules.remove("nightly")
        store.schedules.put("nightly", {}, TRIGGER, actor="ann", roles=["admin"])
        store.schedules.advance(store.schedules.get("nightly"), moved(2), [occurrence(2)])
        (found,) = store.schedules.history("nightly")
        assert (found.status, found.run_id) == (QUEUED, "r1")

    def test_a_moment_has_one_occurrence(self, store: Store) -> None:
        store.schedules.add_occurrence(occurrence(2))
        with pytest.raises(StoreError):
            store.schedules.add_occurrence(occurrence(2))


class TestHistory:
    def test_is_newest_first_and_bounded(self, store: Store) -> None:
        found = [occurrence(hour, "missed") for hour in (1, 2, 3)]
        store.schedules.advance(store.schedules.get("nightly"), moved(3), found)
        hours = [each.due_at.hour for each in store.schedules.history("nightly", 2)]
        assert hours == [3, 2]
        assert store.schedules.pending() == []


class TestUnfinished:
    def test_is_what_waits_or_runs(self, store: Store, state: Path) -> None:
        assert store.schedules.unfinished("nightly") is None
        store.schedules.advance(store.schedules.get("nightly"), moved(2), [occurrence(2)])
        assert store.schedules.unfinished("nightly") == ""
        run = store.runs.begin(RunOrder("retrain", "mail", {}), state / "runs").info
        store.schedules.settle(occurrence(2), QUEUED, run.id)
        assert store.schedules.unfinished("nightly") == run.id
        store.runs.finish(run.id, "refused")
        assert store.schedules.unfinished("nightly") is None
        store.schedules.advance(store.schedules.get("nightly"), moved(3), [occurrence(3, "missed")])
        assert store.schedules.unfinished("nightly") is None


class TestRunsEnd:
    def test_is_the_newest_of_its_kind(self, store: Store, state: Path, clock: Clock) -> None:
        ends = ["failed", "succeeded"]
        for hour, status in enumerate(ends, 1):
            run = store.runs.begin(RunOrder("retrain", "mail", {}), state / "runs").info
            clock.now = START + hour * HOUR
            store.runs.finish(run.id, status)
        assert store.schedules.ends() == {
            ("retrain", "mail", "failed"): (START, START + HOUR),
            ("retrain", "mail", "succeeded"): (START + HOUR, START + 2 * HOUR),
        }
        reached = store.schedules.reached
        assert reached("retrain", "mail", "ended", None) == START + HOUR
        assert reached("retrain", "mail", "succeeded", None) == START + 2 * HOUR
        assert reached("retrain", "mail", "succeeded", START + 2 * HOUR) is None
        assert reached("retrain", "mail", "promoted", None) is None

    def test_a_promotion_moves_the_alias(self, store: Store, state: Path, clock: Clock) -> None:
        folder = state / "models" / "d1"
        folder.mkdir(parents=True)
        store.models.add(ModelRef("d" * 64, "mail", "linear", "r1", folder, START))
        clock.now = START + HOUR
        store.models.set_alias("mail", "live", "d" * 64, expected=None, by="ann", reason="better")
        reached = store.schedules.reached
        assert reached("retrain", "mail", "promoted", None) == START + HOUR
        assert store.schedules.promotions() == {"mail": START + HOUR}
        assert reached("retrain", "mail", "promoted", START + HOUR) is None
        assert reached("retrain", "other", "promoted", None) is None


class TestPulled:
    def test_are_the_first_after_a_moment(self, store: Store, clock: Clock) -> None:
        for hour in range(4):
            clock.now = START + hour * HOUR
            incident = Incident(f"m{hour}", {}, verdicts=(Verdict("tp", "ann", START),))
            store.verdicts.add("crowd" if hour == 3 else "mail", [incident], run_id=None)
        pulled = store.schedules.pulled
        assert pulled(["mail", "crowd"], START, 2) == [START + HOUR, START + 2 * HOUR]
        assert pulled(["mail"], START, 9) == [START + HOUR, START + 2 * HOUR]
        assert len(pulled(["mail"], None, 9)) == 3
