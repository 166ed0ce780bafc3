"""What schedules would do in the days to come, and the GPU hours that it would take."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from statistics import median
from typing import TYPE_CHECKING, Any

from sftsec_core.config.schedules import WHOLE_STATE
from sftsec_core.operations.scheduling import Schedule, StoreFacts, seen_schedules
from sftsec_core.schedules.plan import plan
from sftsec_core.store.columns import utc_now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.config.schedules import When
    from sftsec_core.operations.context import Context
    from sftsec_core.schedules.plan import DueRun
    from sftsec_core.store.schedules import ScheduleState

# Conditions are looked at so often; a clock's times are exact.
_STEP = timedelta(hours=1)
_RATE_OF = timedelta(days=30)
_PAST_RUNS = 20
_PAST_LEASES = 2000
_ENDS = ("succeeded", "refused")


@dataclass(frozen=True, slots=True)
class SimulatedRun:
    """A run to come.

    Attributes:
        starts_at: at the earliest (UTC).
        ends_at: by the median of past runs; the start where there are none.
        gpu_hours: the median of past runs that leased GPUs; else of the GPUs that it asks for.
        reason: what makes it due.
    """

    schedule: str
    run: str
    task: str | None
    due_at: datetime
    starts_at: datetime
    ends_at: datetime
    gpu_hours: float
    reason: str

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        times = ("due_at", "starts_at", "ends_at")
        said = {name: getattr(self, name).isoformat() for name in times}
        rest = ("schedule", "run", "task", "gpu_hours", "reason")
        return said | {name: getattr(self, name) for name in rest}


@dataclass(frozen=True, slots=True)
class Simulation:
    """The calendar of some days.

    Attributes:
        runs: those to come, in order.
        skipped: how many occurrences would become no run, by schedule.
        notes: what is assumed, and what cannot be foreseen.
    """

    begin: datetime
    end: datetime
    runs: tuple[SimulatedRun, ...]
    skipped: dict[str, int]
    notes: tuple[str, ...]

    @property
    def gpu_hours(self) -> float:
        """Of all runs."""
        return sum(each.gpu_hours for each in self.runs)

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "from": self.begin.isoformat(),
            "to": self.end.isoformat(),
            "gpu_hours": self.gpu_hours,
            "runs": [each.to_json() for each in self.runs],
            "skipped": self.skipped,
            "notes": list(self.notes),
        }


def simulate_schedules(
    context: Context, *, days: int = 30, start: datetime | None = None
) -> Simulation:
    """Play the schedules forward, with the durations of past runs.

    Verdicts are taken to come in as they did in the last 30 days, retrainings to end in a
    promotion; figures stay what they are. Workers and GPUs are taken to be free.

    Args:
        context: settings, store, registry, actor and event stream.
        days: how far.
        start: from when (UTC); default: now.
    """
    begin = start or utc_now()
    schedules = seen_schedules(context, begin)
    simulator = _Simulator(context, begin, begin + timedelta(days=days), schedules)
    return simulator.play()


@dataclass(slots=True)
class _Simulator:
    """A calendar under way, in which the next moment of any schedule comes first."""

    context: Context
    begin: datetime
    end: datetime
    schedules: dict[str, Schedule]
    runs: list[SimulatedRun] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    states: dict[str, ScheduleState] = field(default_factory=dict)
    moments: list[tuple[datetime, str]] = field(default_factory=list)
    woken: set[tuple[datetime, str]] = field(default_factory=set)
    durations: dict[str, timedelta | None] = field(default_factory=dict)
    hours: dict[str, float] = field(default_factory=dict)

    def play(self) -> Simulation:
        """Go from moment to moment until the end."""
        usable = {name: each for name, each in self.schedules.items() if not each.problem}
        self.states = {name: each.state for name, each in usable.items()}
        self.durations = {name: self._duration(each) for name, each in usable.items()}
        leased = self._leased()
        self.hours = {name: self._gpu_hours(each, leased) for name, each in usable.items()}
        facts = _Forecast(self)
        for name in usable:
            self._wake(self.begin, name)
        while self.moments:
            now, name = heappop(self.moments)
            self._look(usable[name], now, facts)
        runs = tuple(sorted(self.runs, key=lambda each: (each.starts_at, each.schedule)))
        return Simulation(self.begin, self.end, runs, self.skipped, self._notes(usable))

    def _wake(self, moment: datetime, name: str) -> None:
        """Look at a schedule at a moment."""
        if moment < self.end and (moment, name) not in self.woken:
            self.woken.add((moment, name))
            heappush(self.moments, (moment, name))

    def _look(self, schedule: Schedule, now: datetime, facts: _Forecast) -> None:
        """Do what a schedule has to do, and look again when that may change."""
        name, settings = schedule.name, schedule.settings
        facts.now = now
        found = plan(name, settings, self.states[name], facts, now)
        self.states[name] = found.state
        self._count(name, sum(each.count for each in found.skipped))
        for due in found.due:
            self._add(schedule, due, now)
        if found.next_at is not None:
            self._wake(found.next_at, name)
        if settings.when is not None and _counts(settings.when):
            self._wake(self.begin + ((now - self.begin) // _STEP + 1) * _STEP, name)

    def _add(self, schedule: Schedule, due: DueRun, now: datetime) -> None:
        settings = schedule.settings
        others = [each for each in self.runs if each.task == settings.task and settings.task]
        free = now if settings.overlap else max((each.ends_at for each in others), default=now)
        start = max(now, due.not_before, free)
        length = self.durations[schedule.name] or timedelta(0)
        self.runs.append(
            SimulatedRun(
                schedule.name,
                settings.run,
                settings.task,
                due.due_at,
                start,
                start + length,
                self.hours[schedule.name],
                due.reason,
            )
        )
        # Those that wait for it, and itself.
        for name in self.states:
            self._wake(start + length, name)

    def _count(self, name: str, skipped: int) -> None:
        if skipped:
            self.skipped[name] = self.skipped.get(name, 0) + skipped

    def _past(self, schedule: Schedule) -> dict[str, float]:
        """Seconds that past runs of that kind on the task took, by their ids."""
        settings = schedule.settings
        found = self.context.store.runs.list(settings.task, kind=settings.run, limit=_PAST_RUNS)
        return {
            each.id: (each.finished_at - each.started_at).total_seconds()
            for each in found
            if each.finished_at is not None and each.status in _ENDS
        }

    def _duration(self, schedule: Schedule) -> timedelta | None:
        took = self._past(schedule).values()
        return timedelta(seconds=median(took)) if took else None

    def _leased(self) -> dict[str, float]:
        """Hours of GPUs that runs have had, by their ids."""
        found: dict[str, float] = {}
        leases = self.context.store.gpu_leases.list(ended=True, limit=_PAST_LEASES)
        for each in leases:
            found[each.run_id] = found.get(each.run_id, 0) + each.seconds(self.begin) / 3600
        return found

    def _gpu_hours(self, schedule: Schedule, leased: dict[str, float]) -> float:
        past = [leased[run] for run in self._past(schedule) if run in leased]
        if past:
            return median(past)
        length = self.durations[schedule.name] or timedelta(0)
        return length.total_seconds() / 3600 * schedule.settings.needs.gpus

    def _notes(self, usable: dict[str, Schedule]) -> tuple[str, ...]:
        lines = [f"{n}: {each.problem}" for n, each in self.schedules.items() if each.problem]
        for name, each in usable.items():
            if each.state.paused:
                lines.append(f"{name}: it is paused")
            if self.durations[name] is None:
                what = f"{each.settings.run} of {each.settings.task or 'the state'}"
                lines.append(f"{name}: no {what} has ended yet, so that it takes no time here")
            if "drift_above" in str(each.settings.trigger) or "below" in str(each.settings.trigger):
                lines.append(f"{name}: figures to come are not foreseen")
        return tuple(lines)


def _counts(when: When) -> bool:
    """Whether verdicts are counted in it, which come between the times of clocks."""
    return when.new_verdicts is not None or any(map(_counts, when.any or when.all or ()))


class _Forecast(StoreFacts):
    """What triggers ask, as far as it can be foreseen."""

    def __init__(self, simulator: _Simulator) -> None:
        super().__init__(simulator.context)
        self._simulator = simulator
        self._real_until = utc_now()
        self._rates: dict[str, float] = {}
        self.now = simulator.begin

    def unfinished(self, schedule: str) -> str | None:
        """A run to come that has not ended by then."""
        mine = (each for each in self._simulator.runs if each.schedule == schedule)
        return next((schedule for each in mine if each.ends_at > self.now), None)

    def last_run(self, kind: str, task: str) -> tuple[datetime, datetime] | None:
        """The newest one that ended by then, to come or past."""
        found = [
            (each.starts_at, each.ends_at)
            for each in self._simulator.runs
            if (each.run, each.task or WHOLE_STATE) == (kind, task) and each.ends_at <= self.now
        ]
        return found[-1] if found else super().last_run(kind, task)

    def new_verdicts(
        self, task: str, after: datetime | None, count: int
    ) -> tuple[int, datetime | None]:
        """Those that are there, and then as many a day as in the last 30 days."""
        there, at = super().new_verdicts(task, after, count)
        rate = self._rate(task)
        if at is not None or not rate:
            return there, at
        begin = max(self._real_until, after or self._real_until)
        return there, begin + timedelta(days=(count - there) / rate)

    def reached(self, kind: str, task: str, end: str, after: datetime | None) -> datetime | None:
        """Runs to come succeed, and retrainings promote."""
        real = super().reached(kind, task, end, after)
        if real is not None or end not in ("succeeded", "promoted", "ended"):
            return real
        ends = (
            e.ends_at
            for e in self._simulator.runs
            if (e.run, e.task or WHOLE_STATE) == (kind, task)
        )
        later = [each for each in ends if each <= self.now and (after is None or each > after)]
        return min(later, default=None)

    def _rate(self, task: str) -> float:
        """Verdicts a day."""
        if task not in self._rates:
            connectors: Sequence[str] = self._tasks[task].connectors
            since = self._real_until - _RATE_OF
            pulled = sum(self._store.verdicts.pulled_since(each, since) for each in connectors)
            self._rates[task] = pulled / _RATE_OF.days
        return self._rates[task]
