"""Schedules and facts as a test wants them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sftsec_core.config.schedules import ScheduleSettings
from sftsec_core.store.schedules import ScheduleState

HOUR = timedelta(hours=1)
START = datetime(2026, 6, 1, tzinfo=UTC)  # a Monday


def schedule(**said: Any) -> ScheduleSettings:
    """A retraining, unless it says otherwise."""
    return ScheduleSettings.model_validate({"task": "phishing", "run": "retrain", **said})


def begun(at: datetime = START) -> ScheduleState:
    """A schedule that was made at a moment."""
    return ScheduleState(at, at)


def local(text: str, zone: str) -> datetime:
    """A wall time as a moment; the first one where it comes twice."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@dataclass
class GivenFacts:
    """Facts that a test writes down."""

    busy: str | None = None
    run: tuple[datetime, datetime] | None = None
    verdicts: list[datetime] = field(default_factory=list)
    measured: dict[str, list[tuple[datetime, float]]] = field(default_factory=dict)
    ends: list[tuple[str, str, datetime]] = field(default_factory=list)

    def unfinished(self, schedule: str) -> str | None:
        return self.busy

    def last_run(self, kind: str, task: str) -> tuple[datetime, datetime] | None:
        return self.run

    def new_verdicts(
        self, task: str, after: datetime | None, count: int
    ) -> tuple[int, datetime | None]:
        found = [each for each in sorted(self.verdicts) if after is None or each > after][:count]
        return len(found), found[-1] if len(found) == count else None

    def figures(
        self, task: str, name: str, after: datetime | None
    ) -> Sequence[tuple[datetime, float]]:
        found = self.measured.get(name, [])
        return [each for each in found if after is None or each[0] > after]

    def reached(self, kind: str, task: str, end: str, after: datetime | None) -> datetime | None:
        found = [at for run, how, at in self.ends if (run, how) == (kind, end)]
        return min((at for at in found if after is None or at > after), default=None)
