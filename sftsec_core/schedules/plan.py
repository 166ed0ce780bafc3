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
    from sftsec_core.schedules.triggers import Occurrence
    from sftsec_core.store.schedules import ScheduleState

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
class SchedulePlan:
    """What is to be done with a schedule now.

    Attributes:
        due: the runs to enqueue, in order.
        skipped: what is accounted for without a run.
        state: how far the schedule has come once both are recorded.
        next_at: the next moment at which that may change by a clock (UTC); None: by events alone.
        starts_at: when the next run may start (UTC), at the earliest; None: events tell.
        reason: why it is due or not, for a person.
        more: there is more to account for at once: a plan looks at a bounded number of times.
    """

    due: tuple[DueRun, ...]
    skipped: tuple[SkippedTimes, ...]
    state: ScheduleState
    next_at: datetime | None
    starts_at: datetime | None
    reason: str
    more: bool = False


def plan(
    name: str, schedule: ScheduleSettings, state: ScheduleState, facts: Facts, now: datetime
) -> SchedulePlan:
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
    following = triggers.next_time(now)
    next_start = None if following is None else starts_at(name, schedule, following)
    if not found:
        reason = "; ".join(triggers.missing()) or "its time has not come"
        return SchedulePlan((), (), state, following, next_start, reason)
    busy = None if schedule.overlap else facts.unfinished(name)
    if busy is not None:
        said = f"its run {busy} has not ended" if busy else "it waits to be queued"
        return SchedulePlan((), (), state, following, None, said)
    kept, skipped = _inside(schedule, found)
    opens = opening(schedule.windows, now, schedule.zone)
    if kept and opens > now:
        start = _jittered(name, schedule, kept[-1].at, opens)
        return SchedulePlan(
            (), (), state, opens, start, f"{kept[-1].reason}; it waits for its window"
        )
    chosen, missed = _catch_up(schedule, kept, now, whole=whole)
    due = tuple(_run(name, schedule, each) for each in chosen)
    gone = tuple(sorted(skipped + missed, key=lambda each: each.first))
    next_start = due[-1].not_before if due else next_start
    reason = due[-1].reason if due else gone[-1].reason
    return SchedulePlan(
        due, gone, _accounted(state, found), following, next_start, reason, not whole
    )


def _paused(
    schedule: ScheduleSettings, state: ScheduleState, found: Sequence[Occurrence]
) -> SchedulePlan:
    """Times that pass while it is paused are lost; conditions stay true until it is resumed."""
    if not found or not (schedule.when and schedule.when.timed):
        return SchedulePlan((), (), state, None, None, "it is paused")
    skipped = _group(found, PAUSED, "it was paused")
    return SchedulePlan((), skipped, _accounted(state, found), None, None, "it is paused")


def _inside(
    schedule: ScheduleSettings, found: Sequence[Occurrence]
) -> tuple[list[Occurrence], tuple[SkippedTimes, ...]]:
    """Those that may run, and those that the window skips."""
    if schedule.outside == "wait" or not schedule.window:
        return list(found), ()
    inside = {each.at for each in found if _opens(schedule, each.at) == each.at}
    kept: list[Occurrence] = []
    skipped: list[SkippedTimes] = []
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


def starts_at(name: str, schedule: ScheduleSettings, due_at: datetime) -> datetime:
    """When an occurrence may start: at the opening of its window, and after its jitter (UTC)."""
    return _jittered(name, schedule, due_at, _opens(schedule, due_at))


def _jittered(name: str, schedule: ScheduleSettings, due_at: datetime, opens: datetime) -> datetime:
    later = opens + schedule.jitter * _part(name, due_at)
    # Where the window closes before, it starts as early as it may.
    return later if _opens(schedule, later) == later else opens


def _run(name: str, schedule: ScheduleSettings, found: Occurrence) -> DueRun:
    return DueRun(found.at, starts_at(name, schedule, found.at), found.reason)


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
