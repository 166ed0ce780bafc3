"""The mark of a store that was moved to another place, and what keeps writers out of it.

A process that was connected before the move may wake up after it. It need not look at the mark:
triggers on every table, made in the transaction that marks the store, refuse whatever it writes,
so an unmarked store pays nothing. A store that a move has filled and not finished is "arriving":
it cannot be opened before `sftsec store move` was called again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, inspect, select

from sftsec_core.api.errors import StoreError, StoreMovedError
from sftsec_core.store.tables import metadata, moved

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

MOVED, ARRIVING = "moved", "arriving"
_TRIGGER = "sftsec_moved"
_VERBS = ("INSERT", "UPDATE", "DELETE")
_FUNCTION = f"""
CREATE OR REPLACE FUNCTION {_TRIGGER}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING MESSAGE = TG_ARGV[0];
END $$
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands in the table `moved`.

    Attributes:
        state: "moved" or "arriving".
        place: the other store's URL, without its password.
        at: when it was written (UTC).
    """

    state: str
    place: str
    at: datetime


def mark_of(connection: Connection) -> Mark | None:
    """Return the mark of a store, None where it has none or is of an earlier version."""
    if not inspect(connection).has_table(moved.name):
        return None
    row = connection.execute(select(moved.c.state, moved.c.place, moved.c.at)).one_or_none()
    return None if row is None else Mark(*row)


def refuse_moved(connection: Connection) -> None:
    """Let a store pass that is in its place.

    Raises:
        StoreMovedError: when it was moved.
        StoreError: when a move to it was not finished.
    """
    mark = mark_of(connection)
    if mark is None:
        return
    if mark.state == MOVED:
        raise StoreMovedError(_message(mark.place))
    raise StoreError(
        f"a move from {mark.place} to this store was not finished: call `sftsec store move` "
        "again, with state.url as it was before"
    )


def mark_moved(connection: Connection, place: str, at: datetime) -> None:
    """Mark a store as moved, and refuse all writes from the commit on."""
    connection.execute(insert(moved).values(id=1, state=MOVED, place=place, at=at))
    text = _message(place).replace("'", "''")
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_FUNCTION)
    for name in _guarded():
        for statement in _triggers(connection.dialect.name, name, text):
            connection.exec_driver_sql(statement)


def mark_arriving(connection: Connection, place: str, at: datetime) -> None:
    """Mark a store as filled by a move that is not finished."""
    connection.execute(insert(moved).values(id=1, state=ARRIVING, place=place, at=at))


def unmark(connection: Connection) -> None:
    """Make a store one like any other again."""
    connection.execute(delete(moved))
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {_TRIGGER}() CASCADE")
        return
    for name in _guarded():
        for verb in _VERBS:
            connection.exec_driver_sql(f'DROP TRIGGER IF EXISTS "{_TRIGGER}_{name}_{verb}"')


def _guarded() -> list[str]:
    return [name for name in metadata.tables if name != moved.name]


def _triggers(dialect: str, table: str, text: str) -> list[str]:
    if dialect == "postgresql":
        return [
            f'CREATE TRIGGER {_TRIGGER} BEFORE INSERT OR UPDATE OR DELETE ON "{table}" '
            f"FOR EACH STATEMENT EXECUTE FUNCTION {_TRIGGER}('{text}')"
        ]
    return [
        f'CREATE TRIGGER "{_TRIGGER}_{table}_{verb}" BEFORE {verb} ON "{table}" '
        f"BEGIN SELECT RAISE(ABORT, '{text}'); END"
        for verb in _VERBS
    ]


def _message(place: str) -> str:
    return f"this store was moved to {place}: set state.url to it"
