"""What a schedule has to do at a moment, and why: a function of its settings, state and facts.

`schedule due`, `schedule simulate` and the worker's scheduler call the same `plan`, so that what
is shown is what happens.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import groupby, islice
from typing import TYPE_CHECKING

from sftsec_core.config.time_window import opening
from sftsec_core.schedules.triggers import Triggers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sftsec_core.config.schedules import ScheduleSettings
    from sftsec_core.schedules.facts import Facts
    from sftsec_core.store.schedules import ScheduleState
    from sftsec_core.schedules.triggers import Occurrence

# Looked at in one go; what was missed beyond it is accounted for by the next plans.
MOST = 5_000
MISSED, OUTSIDE, PAUSED = "missed", "outside", "paused"


@dataclass(frozen=True, slots=True)
class DueRun:
    """An occurrence that becomes a run.

    Attributes:
        due_at: its nominal time (UTC), which tells it from all others of the schedule.
        not_before: when it may start (UTC): after the window's opening and the jitter.
        reason: what made it due.
    """

    due_at: datetime
    not_before: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class SkippedTimes:
    """Consecutive occurrences that become no run.

    Attributes:
        first: nominal time of the first (UTC).
        last: of the last.
        count: how many they are.
        why: "missed", "outside" or "paused".
        reason: the same for a person.
    """

    first: datetime
    last: datetime
    count: int
    why: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with a schedule now.

    Attributes:
        due: the runs to enqueue, in order.
        skipped: what is accounted for without a run.
        state: how far the schedule has come once both are recorded.
        next_at: the next moment at which that may change by a clock (UTC); None: by events alone.
        reason: why it is due or not, for a person.
    """

    due: tuple[DueRun, ...]
    skipped: tuple[SkippedTimes, ...]
    state: ScheduleState
    next_at: datetime | None
    reason: str


def plan(
    name: str, schedule: ScheduleSettings, state: ScheduleState, facts: Facts, now: datetime
) -> Plan:
    """Decide what a schedule has to do.

    Args:
        name: the schedule's.
        schedule: its settings.
        state: how far it has come.
        facts: what its triggers may ask.
        now: the present moment (UTC).
    """
    triggers = Triggers(schedule, state, facts)
    found = list(islice(triggers.occurrences(now), MOST + 1))
    whole, found = len(found) <= MOST, found[:MOST]
    if state.paused:
        return _paused(schedule, state, found)
    if not found:
        return _waiting(state, triggers, now)
    busy = None if schedule.overlap else facts.unfinished(name)
    if busy is not None:
        return Plan((), (), state, triggers.next_time(now), f"its run {busy} has not ended")
    kept, skipped = _inside(schedule, found)
    opens = opening(schedule.windows, now, schedule.zone)
    if kept and opens > now:
        return Plan((), (), state, opens, f"{kept[-1].reason}; its window opens then")
    chosen, missed = _catch_up(schedule, kept, now, whole=whole)
    due = tuple(_run(name, schedule, each, opens) for each in chosen)
    accounted = _accounted(state, found)
    skipped_all = tuple(sorted(skipped + missed, key=lambda each: each.first))
    following = Triggers(schedule, accounted, facts).next_time(now)
    reason = due[-1].reason if due else skipped_all[-1].reason
    return Plan(due, skipped_all, accounted, following, reason)


def _paused(schedule: ScheduleSettings, state: ScheduleState, found: Sequence[Occurrence]) -> Plan:
    """Times that pass while it is paused are lost; conditions stay true until it is resumed."""
    if not found or not (schedule.when and schedule.when.timed):
        return Plan((), (), state, None, "it is paused")
    skipped = _group(found, PAUSED, "it was paused")
    return Plan((), skipped, _accounted(state, found), None, "it is paused")


def _waiting(state: ScheduleState, triggers: Triggers, now: datetime) -> Plan:
    missing = triggers.missing()
    following = triggers.next_time(now)
    reason = "; ".join(missing) or ("its time has not come" if following else "nothing is due")
    return Plan((), (), state, following, reason)


def _inside(
    schedule: ScheduleSettings, found: Sequence[Occurrence]
) -> tuple[list[Occurrence], tuple[SkippedTimes, ...]]:
    """Those that may run, and those that the window skips."""
    if schedule.outside == "wait" or not schedule.window:
        return list(found), ()
    inside = {each.at for each in found if _opens(schedule, each.at) == each.at}
    kept, skipped = [], []
    for lies_inside, part in groupby(found, key=lambda each: each.at in inside):
        if lies_inside:
            kept += list(part)
        else:
            skipped += _group(list(part), OUTSIDE, "its time lies outside the window")
    return kept, tuple(skipped)


def _catch_up(
    schedule: ScheduleSettings, found: Sequence[Occurrence], now: datetime, *, whole: bool
) -> tuple[list[Occurrence], tuple[SkippedTimes, ...]]:
    """Those that become runs, by the rule for what was missed, and the others."""
    if schedule.catch_up == "all" or not found:
        return list(found), ()
    newest = found[-1] if whole else None
    reason = "a later one made up for it"
    if schedule.catch_up == "skip" and newest is not None and newest.timed:
        late = now - _opens(schedule, newest.at)
        if late > schedule.grace:
            newest, reason = None, f"found {_span(late.total_seconds())} late (catch_up: skip)"
    missed = found if newest is None else found[:-1]
    return [newest] if newest else [], _group(missed, MISSED, reason)


def _group(found: Sequence[Occurrence], why: str, reason: str) -> tuple[SkippedTimes, ...]:
    if not found:
        return ()
    return (SkippedTimes(found[0].at, found[-1].at, len(found), why, reason),)


def _run(name: str, schedule: ScheduleSettings, found: Occurrence, opens: datetime) -> DueRun:
    start = max(opens, found.at) if schedule.window else found.at
    later = start + schedule.jitter * _part(name, found.at)
    if opening(schedule.windows, later, schedule.zone) != later:
        later = start  # the window closes before
    return DueRun(found.at, later, found.reason)


def _part(name: str, at: datetime) -> float:
    """From 0 to 1, the same for one occurrence in every process."""
    digest = hashlib.sha256(f"{name}\0{at.isoformat()}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def _opens(schedule: ScheduleSettings, at: datetime) -> datetime:
    return opening(schedule.windows, at, schedule.zone)


def _accounted(state: ScheduleState, found: Iterable[Occurrence]) -> ScheduleState:
    last = max(each.at for each in found)
    return replace(state, since=max(state.since, last), fired=max(state.fired or last, last))


def _span(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
