"""Figures that are watched over time: drift, shifts of the labels, live precision.

All are kept for 90 days, of older ones the last of each day (UTC).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from sftsec_core.store.columns import clean_text
from sftsec_core.store.tables import figures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Row

    from sftsec_core.store.database import Database

KEEP_ALL = timedelta(days=90)
_IDS_A_QUERY = 500


@dataclass(frozen=True, slots=True)
class Figure:
    """One value of a figure.

    Attributes:
        task: the task that it is about.
        name: what it says, such as "input_drift".
        at: when it held (UTC).
        low: lower end of its interval, where it has one.
        high: upper end.
        count: how many events or verdicts it rests on.
        details: what else belongs to it, as JSON values.
    """

    task: str
    name: str
    value: float
    at: datetime
    low: float | None = None
    high: float | None = None
    count: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def is_of(self, model: str | None) -> bool:
        """Whether it may be of a model, by its digest: of another one it says nothing now."""
        return self.details.get("model") in (None, model)

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "task": self.task,
            "name": self.name,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "count": self.count,
            "at": self.at.isoformat(),
            "details": dict(self.details),
        }


class Figures:
    """The figures of all tasks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(  # noqa: PLR0913 - a figure with its interval, as it is written down
        self,
        task: str,
        name: str,
        value: float,
        low: float | None = None,
        high: float | None = None,
        count: int | None = None,
        *,
        at: datetime | None = None,
        details: Mapping[str, Any] | None = None,
        joined: Connection | None = None,
    ) -> Figure:
        """Keep a value, and thin out what is older than 90 days of this figure.

        Args:
            task: the task that it is about.
            name: what it says.
            value: a finite number.
            low: lower end of its interval.
            high: upper end.
            count: how many events or verdicts it rests on.
            at: when it held; default: now.
            details: what else belongs to it, as JSON values.
            joined: a transaction to take part in.

        Raises:
            ValueError: when a number is not finite, or `at` has no time zone.
            StoreError: when the database refuses.
        """
        for number in (value, low, high):
            if number is not None and not math.isfinite(number):
                raise ValueError(f"the figure {name} of task {task!r} is {number}: no number")
        now = self._database.clock()
        kept = Figure(
            clean_text(task),
            clean_text(name),
            float(value),
            now if at is None else at,
            low=low,
            high=high,
            count=count,
            details=dict(details or {}),
        )
        row = {key: getattr(kept, key) for key in Figure.__dataclass_fields__}
        with self._database.writing(joined) as connection:
            connection.execute(insert(figures), row)
            _thin_out(connection, kept, now - KEEP_ALL)
        return kept

    def latest(self, task: str, name: str) -> Figure | None:
        """Return the value with the latest time; None where there is none."""
        query = _of(task, name).order_by(figures.c.at.desc(), figures.c.id.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else _figure(row)

    def since(self, task: str, name: str, at: datetime) -> list[Figure]:
        """Return the values from a time on, oldest first.

        Raises:
            ValueError: when `at` has no time zone.
        """
        query = _of(task, name).where(figures.c.at >= at).order_by(figures.c.at, figures.c.id)
        with self._database.reading() as connection:
            return [_figure(row) for row in connection.execute(query)]

    def names(self, task: str) -> list[str]:
        """Return the names of the figures that a task has, sorted."""
        query = select(figures.c.name).distinct().where(figures.c.task == clean_text(task))
        with self._database.reading() as connection:
            return sorted(connection.execute(query).scalars())


def _of(task: str, name: str) -> Any:  # noqa: ANN401 - a Select of all columns has no name
    mine = (figures.c.task == clean_text(task), figures.c.name == clean_text(name))
    return select(figures).where(*mine)


def _figure(row: Row[Any]) -> Figure:
    return Figure(**{key: getattr(row, key) for key in Figure.__dataclass_fields__})


def _thin_out(connection: Connection, of: Figure, before: datetime) -> None:
    """Remove all but the last value of each day before a time."""
    query = (
        select(figures.c.id, figures.c.at)
        .where(figures.c.task == of.task, figures.c.name == of.name, figures.c.at < before)
        .order_by(figures.c.at.desc(), figures.c.id.desc())
    )
    going = list(_not_last_of_day((row.id, row.at) for row in connection.execute(query)))
    for start in range(0, len(going), _IDS_A_QUERY):
        some = going[start : start + _IDS_A_QUERY]
        connection.execute(delete(figures).where(figures.c.id.in_(some)))


def _not_last_of_day(rows: Iterator[tuple[int, datetime]]) -> Iterator[int]:
    """Of ids with their times, the latest first, those that another of the day comes after."""
    seen: date | None = None
    for number, at in rows:
        if at.date() == seen:
            yield number
        seen = at.date()
