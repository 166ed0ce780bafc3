"""When a trigger fires: each occurrence is a moment that any process computes alike.

A time's moment is its nominal one. A condition's is that of the event which made it true: of the
verdict that completed the number, of the figure that crossed the bound, of the run's end. What
was accounted for and what the newest run of that kind on the task has dealt with count no more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import groupby
from typing import TYPE_CHECKING

from sftsec_core.config.cron import cron_trigger
from sftsec_core.config.schedules import WHOLE_STATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sftsec_core.config.schedules import After, ScheduleSettings, When
    from sftsec_core.schedules.facts import Facts
    from sftsec_core.store.schedules import ScheduleState

_TICK = timedelta(microseconds=1)
_FIGURES = ("drift_above", "live_precision_below", "live_recall_below")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that a schedule is due.

    Attributes:
        at: its nominal time, before any window or jitter (UTC).
        timed: whether a clock says so, not a condition.
        reason: what made it due, for a person.
    """

    at: datetime
    timed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Triggers:
    """The triggers of one schedule, given how far it has come."""

    schedule: ScheduleSettings
    state: ScheduleState
    facts: Facts

    def occurrences(self, until: datetime) -> Iterator[Occurrence]:
        """Those that are not accounted for, oldest first, up to a moment (UTC)."""
        when, after = self.schedule.when, self.schedule.after
        ended = self._after(after) if after else None
        if after is not None and ended is None:
            return iter(())
        if when is None:
            found = iter([ended] if ended else [])
        else:
            found = self._of(when, ended.at if ended else None)
        return _until(found, until)

    def next_time(self, now: datetime) -> datetime | None:
        """The next time of a clock in it after a moment (UTC); None where there is no clock."""
        when = self.schedule.when
        return min(self._clocks(when, now), default=None) if when else None

    def missing(self) -> list[str]:
        """What its conditions wait for, a line each."""
        when, after = self.schedule.when, self.schedule.after
        lines = [] if after is None or self._after(after) else [self._waits_for(after)]
        return [*lines, *(self._missing(when) if when else ())]

    # --- inside

    def _of(self, when: When, start: datetime | None) -> Iterator[Occurrence]:
        """The occurrences of a trigger from `start` on."""
        if when.any is not None:
            return _distinct(merge(*(self._of(each, start) for each in when.any), key=_at))
        if when.all is not None:
            return self._all(when.all, start)
        if when.timed:
            return self._times(when, start)
        found = self._condition(when)
        # A condition holds from its event on; `start` and the cool-down can only be later.
        later = [each for each in (start, self._cooled()) if each is not None]
        return iter([replace(found, at=max([found.at, *later]))] if found else [])

    def _all(self, parts: tuple[When, ...], start: datetime | None) -> Iterator[Occurrence]:
        firsts = [next(self._of(each, start), None) for each in parts if not each.timed]
        if any(each is None for each in firsts):
            return
        held = [each for each in firsts if each is not None]
        begin = max((each.at for each in held), default=start)
        said = " and ".join(each.reason for each in held)
        clock = next((each for each in parts if each.timed), None)
        if clock is None:
            yield Occurrence(max(each.at for each in held), False, said)
            return
        for each in self._of(clock, begin):
            yield replace(each, reason=f"{each.reason}, {said}")

    def _times(self, when: When, start: datetime | None) -> Iterator[Occurrence]:
        since = self.state.since
        if start is not None and start > since:
            since = start - _TICK  # one at that very moment counts
        reason = f"cron {when.cron}" if when.cron else f"every {_shown(when.interval)}"
        for at in self._clock(when, since):
            yield Occurrence(at, True, reason)

    def _clock(self, when: When, since: datetime) -> Iterator[datetime]:
        """The times of a clock after a moment, without end."""
        if when.interval is not None:
            from apscheduler.triggers.interval import IntervalTrigger

            seconds = int(when.interval.total_seconds())
            steps = IntervalTrigger(seconds=seconds, start_date=self.state.anchor, timezone=UTC)
            first = max(since + _TICK, self.state.anchor + _TICK)
            at = steps.get_next_fire_time(None, first)
            while at is not None:
                yield at
                at = steps.get_next_fire_time(at, at)
            return
        trigger = cron_trigger(when.cron or "", self.schedule.zone)
        while (found := trigger.get_next_fire_time(since, since + _TICK)) is not None:
            # Twice the same wall time is two moments; in UTC they are told apart.
            since = max(found.astimezone(UTC), since + _TICK)
            yield since

    def _clocks(self, when: When, now: datetime) -> Iterator[datetime]:
        if when.cron is not None or when.interval is not None:
            found = next(self._clock(when, max(now, self.state.since)), None)
            if found is not None:
                yield found
        for each in when.any or when.all or ():
            yield from self._clocks(each, now)

    def _condition(self, when: When) -> Occurrence | None:
        if when.new_verdicts is not None:
            after = self._rearmed()
            _, at = self.facts.new_verdicts(self._task, after, when.new_verdicts)
            return Occurrence(at, False, f"{when.new_verdicts} new verdicts") if at else None
        name, crossed, bound = _bound(when)
        found = self.facts.figures(self._task, name, self._rearmed())
        return _crossing(found, name, crossed, bound)

    def _missing(self, when: When) -> Iterator[str]:
        for each in when.any or when.all or ():
            yield from self._missing(each)
        cooled = self._cooled()
        if cooled is not None and not when.timed and (held := self._one_condition(when)):
            yield f"{held.reason}; it cools down until {cooled:%Y-%m-%d %H:%M} UTC"
        if when.new_verdicts is not None:
            count, _ = self.facts.new_verdicts(self._task, self._rearmed(), when.new_verdicts)
            if count < when.new_verdicts:
                yield f"{count} of {when.new_verdicts} new verdicts are there"
        elif when.key in _FIGURES and not self._condition(when):
            name, _, bound = _bound(when)
            found = self.facts.figures(self._task, name, self._rearmed())
            side = "above" if when.drift_above is not None else "below"
            if found:
                yield f"{name} is {found[-1][1]:g}, not {side} {bound:g}"
            else:
                yield f"{name} was not measured since the last run"

    def _after(self, after: After) -> Occurrence | None:
        task = after.task or self._task
        newest = self.facts.last_run(self.schedule.run, self._task)
        # Its own last run has seen what was there when that began.
        seen = max(filter(None, (self.state.fired, newest and newest[0])), default=None)
        at = self.facts.reached(after.run, task, after.when, seen)
        return Occurrence(at, False, f"{after.run} of {task} {after.when}") if at else None

    def _waits_for(self, after: After) -> str:
        task = after.task or self._task
        verb = "was" if after.when in ("promoted", "refused") else "has"
        return f"no {after.run} of {task} {verb} {after.when} since its last run"

    def _one_condition(self, when: When) -> Occurrence | None:
        return None if when.any or when.all else self._condition(when)

    def _cooled(self) -> datetime | None:
        """When conditions may start a run again; None where nothing holds them back."""
        newest = self.facts.last_run(self.schedule.run, self._task)
        if newest is None or not self.schedule.cool_down:
            return None
        return newest[1] + self.schedule.cool_down

    def _rearmed(self) -> datetime | None:
        """From when on conditions count."""
        newest = self.facts.last_run(self.schedule.run, self._task)
        return max(filter(None, (self.state.fired, newest and newest[1])), default=None)

    @property
    def _task(self) -> str:
        return self.schedule.task or WHOLE_STATE


def _bound(when: When) -> tuple[str, int, float]:
    """A figure's name, +1 where it must be above its bound and -1 where below, and the bound."""
    if when.drift_above is not None:
        return when.figure, 1, when.drift_above
    if when.live_recall_below is not None:
        return "live_recall", -1, when.live_recall_below
    return "live_precision", -1, when.live_precision_below or 0


def _crossing(
    found: Sequence[tuple[datetime, float]], name: str, sign: int, bound: float
) -> Occurrence | None:
    """The first of the newest figures that are all beyond the bound."""
    beyond = [(at, value, (value - bound) * sign > 0) for at, value in found]
    runs = [(past, list(part)) for past, part in groupby(beyond, key=lambda each: each[2])]
    if not runs or not runs[-1][0]:
        return None
    at, value, _ = runs[-1][1][0]
    side = "above" if sign > 0 else "below"
    return Occurrence(at, False, f"{name} {value:g} is {side} {bound:g}")


def _until(found: Iterator[Occurrence], until: datetime) -> Iterator[Occurrence]:
    for each in found:
        if each.at > until:
            return
        yield each


def _distinct(found: Iterator[Occurrence]) -> Iterator[Occurrence]:
    """One occurrence a moment, even where two triggers name the same."""
    for _, same in groupby(found, key=_at):
        several = list(same)
        reason = " and ".join(dict.fromkeys(each.reason for each in several))
        yield Occurrence(several[0].at, all(each.timed for each in several), reason)


def _at(each: Occurrence) -> datetime:
    return each.at


def _shown(span: timedelta | None) -> str:
    from sftsec_core.api.settings.values import format_duration

    return format_duration(span or timedelta(0))
