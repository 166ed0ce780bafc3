"""Rows of the store that the audit log must have an entry of: an emptied log is found by them.

A model, a move of an alias and a run that came to its end are written with an entry or after it,
never without one. `gc` removes rows and leaves their entries.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from sftsec_core.api.errors import IntegrityError
from sftsec_core.store.columns import clean_text
from sftsec_core.store.run_rows import ENDED
from sftsec_core.store.scrub import hide_url_passwords
from sftsec_core.store.tables import alias_history, aliases, models, runs

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Row

SEALED = "verdicts.sealed"
ERASED = "verdicts.erased"
_REGISTERED, _MOVED, _STARTED = "model.registered", "alias.moved", ".started"
# Others may have been closed before their first entry, by a kill at that moment.
_WITH_ENTRIES = ("succeeded", "refused")
_REMEDY = "entries were removed, or the row was put in without sftsec; compare with a backup"


@dataclass(frozen=True, slots=True)
class RecordCounts:
    """Rows whose entries were found in the log.

    Attributes:
        models: that are registered.
        moves: of aliases, those that are promotions and rollbacks among them.
        runs: that succeeded or were refused.
    """

    models: int
    moves: int
    runs: int


class AuditedRecords:
    """What the entries of a log tell of the store; kept while the log is read.

    Attributes:
        sealed: hashes of the chain of verdicts that the log has, by the number of verdicts.
        erased: the numbers of the verdicts that the log says were erased.
    """

    def __init__(self) -> None:
        self._models: set[str] = set()
        self._moves: Counter[tuple[str, str]] = Counter()
        self._pointing: dict[str, str] = {}
        self._runs: set[str] = set()
        self._empty = True
        self.sealed: dict[int, str] = {}
        self.erased: set[int] = set()

    @staticmethod
    def tell(action: ColumnElement[str]) -> ColumnElement[bool]:
        """The condition on actions whose entries `see` makes something of."""
        return or_(action.in_((_REGISTERED, _MOVED, SEALED, ERASED)), action.endswith(_STARTED))

    def see(self, row: Row[Any]) -> None:
        """Note an entry; called in the log's order.

        Raises:
            IntegrityError: when it seals verdicts and does not say which.
        """
        self._empty = False
        if row.action == _REGISTERED:
            self._models.add(row.object)
        elif row.action == _MOVED:
            digest = str(row.details.get("digest"))
            self._moves[row.object, digest] += 1
            self._pointing[row.object] = digest
        elif row.action == SEALED:
            self._see_seal(row)
        elif row.action == ERASED:
            self.erased.update(row.details.get("verdicts") or ())
        elif row.action.endswith(_STARTED):
            self._runs.add(str(row.details.get("run")))

    def _see_seal(self, row: Row[Any]) -> None:
        number, hash_ = (row.details.get(name) for name in ("verdicts", "hash"))
        if not isinstance(number, int) or not isinstance(hash_, str):
            raise IntegrityError(f"audit log: entry {row.seq} seals no verdicts: {_REMEDY}")
        self.sealed[number] = hash_

    def compare(self, connection: Connection) -> RecordCounts:
        """Compare with the tables, as of the moment at which the log was read.

        Raises:
            IntegrityError: naming a row that the log has no entry of.
        """
        return RecordCounts(
            self._compare_models(connection),
            self._compare_moves(connection),
            self._compare_runs(connection),
        )

    def _compare_models(self, connection: Connection) -> int:
        registered = connection.execute(select(models.c.digest)).scalars().all()
        for digest in registered:
            if digest not in self._models:
                raise _missing(f"model {digest[:12]} is registered")
        return len(registered)

    def _compare_moves(self, connection: Connection) -> int:
        for row in connection.execute(select(aliases)):
            known = self._pointing.get(_object(row))
            if known != row.digest:
                says = f"it says {known[:12]}" if known else "it has no entry of that"
                raise IntegrityError(
                    f"audit log: {row.alias!r} of task {row.task!r} points at model "
                    f"{row.digest[:12]}, and {says}: {_REMEDY}"
                )
        history = alias_history.c
        moved = select(history.task, history.alias, history.digest, func.count().label("times"))
        total = 0
        for row in connection.execute(moved.group_by(history.task, history.alias, history.digest)):
            if self._moves[_object(row), row.digest] < row.times:
                raise _missing(f"{row.alias!r} of task {row.task!r} was moved to {row.digest[:12]}")
            total += row.times
        return total

    def _compare_runs(self, connection: Connection) -> int:
        # A failed run may lack its own, but the process that closed it wrote one.
        ended = ENDED if self._empty else _WITH_ENTRIES
        found = connection.execute(select(runs.c.id).where(runs.c.status.in_(ended)))
        ids = found.scalars().all()
        for each in ids:
            if each not in self._runs:
                raise _missing(f"run {each} came to its end")
        return len(ids)


def _object(row: Row[Any]) -> str:
    """What an entry on an alias names, written as the log writes it."""
    return clean_text(hide_url_passwords(f"{row.task}/{row.alias}"))


def _missing(fact: str) -> IntegrityError:
    return IntegrityError(f"audit log: {fact}, and it has no entry of that: {_REMEDY}")
