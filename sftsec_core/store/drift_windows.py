"""Windows of scored events as counts, of each task and model: what drift is read from.

One window of a task and model is open: events go into it in the transaction that moves the cursor,
so that each is counted once. A full one is closed, and a check of drift marks it as checked. All
are kept for 90 days, the open ones for as long as they are open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from sftsec_core.store.columns import clean_text
from sftsec_core.store.tables import drift_windows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from sftsec_core.store.database import Database

KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class DriftWindow:
    """A window.

    Attributes:
        started_at: when its first event was scored (UTC).
        closed_at: when it was full; None while it is open.
        checked: a check of drift has told of it.
        sketch: the counts, as `drift.sketch` writes them.
    """

    id: int
    started_at: datetime
    closed_at: datetime | None
    checked: bool
    events: int
    sketch: Mapping[str, Any]


class DriftWindows:
    """The windows of all tasks and models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open_window(self, task: str, model: str, connection: Connection) -> DriftWindow | None:
        """Return the window that events go into, locked; None where there is none."""
        query = (
            select(drift_windows)
            .where(*_of(task, model), drift_windows.c.closed_at.is_(None))
            .order_by(drift_windows.c.id)
            .limit(1)
            .with_for_update()
        )
        row = connection.execute(query).first()
        return None if row is None else _window(row)

    def write(
        self,
        task: str,
        model: str,
        windows: Sequence[tuple[Mapping[str, Any], bool]],
        replaces: DriftWindow | None,
        connection: Connection,
    ) -> None:
        """Write windows in the order of their events, and remove those closed long ago.

        Args:
            task: the task's name.
            model: digest of the model that scored.
            windows: the counts of each, and whether it is full.
            replaces: the open window, in whose place the first of them goes.
            connection: the transaction to take part in.
        """
        now = self._database.clock()
        for number, (sketch, full) in enumerate(windows):
            values = {
                "sketch": dict(sketch),
                "events": sketch["events"],
                "closed_at": now if full else None,
            }
            if number == 0 and replaces is not None:
                mine = drift_windows.c.id == replaces.id
                connection.execute(update(drift_windows).where(mine).values(values))
                continue
            new = {"task": clean_text(task), "model": model, "started_at": now, "checked": False}
            connection.execute(insert(drift_windows), {**new, **values})
        connection.execute(delete(drift_windows).where(drift_windows.c.closed_at < now - KEPT))

    def list(self, task: str, model: str) -> list[DriftWindow]:
        """Return the windows of a model, oldest first; the last one may be open."""
        query = select(drift_windows).where(*_of(task, model)).order_by(drift_windows.c.id)
        with self._database.reading() as connection:
            return [_window(row) for row in connection.execute(query)]

    def mark_checked(self, number: int, connection: Connection) -> bool:
        """Mark a window as checked; False where another process has done so."""
        mine = (drift_windows.c.id == number, drift_windows.c.checked.is_(False))
        done = connection.execute(update(drift_windows).where(*mine).values(checked=True))
        return done.rowcount == 1


def _of(task: str, model: str) -> tuple[Any, Any]:
    return drift_windows.c.task == clean_text(task), drift_windows.c.model == model


def _window(row: Row[Any]) -> DriftWindow:
    return DriftWindow(**{key: getattr(row, key) for key in DriftWindow.__dataclass_fields__})
