"""What scoring knows of the events before an event: a task's keys, each with its packed state.

A page's keys are written in the transaction that moves the cursor, so that a kill neither loses an
event nor counts one twice. Keys are hashes under the site's salt, and their states are encrypted
where the state is.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from sftsec_core.api.errors import StoreError
from sftsec_core.store.columns import clean_text
from sftsec_core.store.dialects import insert_into, insert_new
from sftsec_core.store.tables import context_keys, context_states

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from sftsec_core.store.database import Database

_KEYS_PER_QUERY = 500
_ROWS = 5_000
PackedKey = tuple[bytes, int, bytes]


@dataclass(frozen=True, slots=True)
class ContextHead:
    """What a task's state is of.

    Attributes:
        settings: digest of the settings that it was made by.
        snapshot: digest of the data set that it began with; "" where there was none.
        until: time of the newest event of that data set, in microseconds since 1970.
        keys: how many keys are known.
        version: counts its changes.
    """

    settings: str
    snapshot: str
    until: int
    keys: int = 0
    version: int = 0


class ContextStates:
    """The states of all tasks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def head(self, task: str) -> ContextHead | None:
        """Return what a task's state is of; None where it has none."""
        query = select(context_states).where(context_states.c.task == clean_text(task))
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return ContextHead(row.settings, row.snapshot, row.until, row.keys, row.version)

    def load(self, task: str, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the packed states of those of the keys that are known.

        Raises:
            IntegrityError: when a state cannot be decrypted.
        """
        name, found = _name(task), dict[bytes, bytes]()
        wanted = [name + key.hex() for key in keys]
        with self._database.reading() as connection:
            for start in range(0, len(wanted), _KEYS_PER_QUERY):
                part = context_keys.c.key.in_(wanted[start : start + _KEYS_PER_QUERY])
                query = select(context_keys.c.key, context_keys.c.state).where(part)
                for key, state in connection.execute(query):
                    found[bytes.fromhex(key[len(name) :])] = base64.b64decode(state)
        return found

    def replace_all(
        self,
        task: str,
        head: ContextHead,
        rows: Iterable[PackedKey],
        before: ContextHead | None,
        connection: Connection,
    ) -> ContextHead:
        """Begin a task's state with these keys, in place of all that it had.

        Args:
            task: the task's name.
            head: what the state is of.
            rows: each key, when it was last seen, and its packed state.
            before: what the caller saw of the state that goes; None for none.
            connection: the transaction to take part in.

        Raises:
            StoreError: when another process changed it meanwhile.
        """
        name = clean_text(task)
        connection.execute(delete(context_keys).where(context_keys.c.task == name))
        keys = self._write(connection, name, rows)
        after = replace(head, keys=keys, version=before.version + 1 if before else 1)
        self._swap(connection, task, after, before)
        return after

    def update(
        self,
        task: str,
        head: ContextHead,
        rows: Sequence[PackedKey],
        new: int,
        most: int,
        connection: Connection,
    ) -> ContextHead:
        """Write the keys that a page has changed, and forget the longest unseen beyond a bound.

        Args:
            task: the task's name.
            head: what the caller saw of the state.
            rows: as for `replace_all`.
            new: how many of them were not known.
            most: keys that may stay.
            connection: the transaction to take part in.

        Raises:
            StoreError: when another process changed it meanwhile.
        """
        name, keys = clean_text(task), head.keys + new
        self._write(connection, name, rows)
        if keys > most:
            oldest = (
                select(context_keys.c.key)
                .where(context_keys.c.task == name)
                .order_by(context_keys.c.last, context_keys.c.key)
                .limit(keys - most)
            )
            gone = context_keys.c.key.in_(oldest.scalar_subquery())
            connection.execute(delete(context_keys).where(context_keys.c.task == name, gone))
            keys = most
        after = replace(head, keys=keys, version=head.version + 1)
        self._swap(connection, task, after, head)
        return after

    def _write(self, connection: Connection, task: str, rows: Iterable[PackedKey]) -> int:
        name, count, each = _name(task), 0, iter(rows)
        while batch := list(islice(each, _ROWS)):
            values = [
                {
                    "key": name + key.hex(),
                    "task": task,
                    "last": last,
                    "state": base64.b64encode(packed).decode("ascii"),
                }
                for key, last, packed in batch
            ]
            statement = insert_into(connection, context_keys)
            new = statement.excluded
            statement = statement.on_conflict_do_update(
                index_elements=["key"], set_={"last": new.last, "state": new.state}
            )
            connection.execute(statement, values)
            count += len(batch)
        return count

    def _swap(
        self, connection: Connection, task: str, after: ContextHead, before: ContextHead | None
    ) -> None:
        """Change the head by compare-and-swap."""
        values = {name: getattr(after, name) for name in ContextHead.__dataclass_fields__}
        if before is None:
            row = {"task": clean_text(task), **values}
            swapped = insert_new(connection, context_states, [row])
        else:
            mine = (
                context_states.c.task == clean_text(task),
                context_states.c.version == before.version,
            )
            swapped = connection.execute(
                update(context_states).where(*mine).values(values)
            ).rowcount
        if swapped != 1:
            raise StoreError(
                f"another process is scoring task {task!r}: its pages are recorded; wait until "
                "it has finished"
            )


def _name(task: str) -> str:
    """What a task's keys begin with, so that no two tasks share one."""
    return hashlib.blake2b(clean_text(task).encode(), digest_size=8).hexdigest()
