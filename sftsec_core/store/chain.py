"""Rows in a chain of hashes: each carries the SHA-256 of the one before it with its own content.

A head row names the last one, so that a row that was changed, removed, put in or cut off at the
end shows. A user who can write to the database can also compute a whole chain again: against that
the last hash has to be kept elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from sftsec_core.api.errors import IntegrityError
from sftsec_core.store.canonical import digest

if TYPE_CHECKING:
    from sqlalchemy import Row

START = "0" * 64
# Up to here a chain is computed as a whole whenever it is looked at: a second or so.
WHOLE_UP_TO = 100_000


class Link(NamedTuple):
    """A row of a chain that is known to be as it was written: its number and its hash."""

    seq: int
    hash: str


BEGINNING = Link(0, START)


def link(previous: str, content: Sequence[Any]) -> str:
    """Return the hex SHA-256 of a row: over the hash before it and its own content.

    Args:
        previous: the hash of the row before it; `START` for the first.
        content: JSON values, always of the same columns in the same order.
    """
    return digest([previous, *content])


@dataclass(frozen=True, slots=True)
class Chain:
    """What the rows of one chain are called in messages, and what of a row is sealed.

    Attributes:
        name: of the whole ("audit log").
        row: what one row is called ("entry").
        content: the sealed values of a row, its number among them; None of a row whose content
            was erased, whose hash is taken as it stands.
    """

    name: str
    row: str
    content: Callable[[Any], Sequence[Any] | None]

    def verify(
        self,
        rows: Iterable[Row[Any]],
        head: tuple[int, str] | None,
        seen: Callable[[Row[Any]], object] = lambda _row: None,
        *,
        after: Link = BEGINNING,
    ) -> int:
        """Compute a chain again, a row at a time, and return how many rows it has.

        Args:
            rows: all of them after the link `after` by their number `seq`, each with its `hash`.
            head: number and hash of the last one, as the head row says; None where it is gone.
            seen: called with each row that is as it was written.
            after: where to begin.

        Raises:
            IntegrityError: naming the first row that is not as it was written.
        """
        expected, previous = after.seq + 1, after.hash
        for row in rows:
            self._check(row, expected, previous)
            seen(row)
            expected, previous = expected + 1, row.hash
        if head != (expected - 1, previous):
            raise IntegrityError(
                f"{self.name}: it ends after {self.row} {expected - 1}, but its head says "
                "otherwise: rows were removed from or added to its end; compare it with a backup"
            )
        return expected - 1

    def _check(self, row: Row[Any], expected: int, previous: str) -> None:
        if row.seq != expected:
            raise IntegrityError(
                f"{self.name}: {self.row} {expected} is missing; compare it with a backup"
            )
        content = self.content(row)
        if content is not None and not _is_link(row.hash, previous, content):
            raise IntegrityError(
                f"{self.name}: {self.row} {expected} is not as it was written; "
                "compare it with a backup"
            )


def _is_link(hash_: str, previous: str, content: Sequence[Any]) -> bool:
    """Whether a row's hash is right.

    Where two ways of writing JSON give the same bytes, as for nearly every row, the quicker one
    tells. They differ in a few numbers and in halves of characters: then `link` decides.
    """
    try:
        quick = orjson.dumps([previous, *content], option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return hash_ == link(previous, content)
    return hash_ == hashlib.sha256(quick).hexdigest() or hash_ == link(previous, content)
