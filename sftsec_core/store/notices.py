"""What was told to whom, so that it is told once: by one process, and not again for a while."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete

from sftsec_core.store.dialects import insert_into
from sftsec_core.store.tables import notices

if TYPE_CHECKING:
    from sftsec_core.store.database import Database

_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class NoticeClaim:
    """The right to tell something.

    Attributes:
        number: names the notice for its receiver.
    """

    key: str
    number: str


class Notices:
    """What was told."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, key: str, cool_down: timedelta) -> NoticeClaim | None:
        """Take the right to tell something; None where it was told within the cool-down.

        Args:
            key: what is told, and where; of any length.
            cool_down: how long it is not repeated.

        Raises:
            StoreError: when the database refuses.
        """
        now = self._database.clock()
        claim = NoticeClaim(
            hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest(), secrets.token_hex(16)
        )
        row = {"key": claim.key, "number": claim.number, "at": now}
        with self._database.writing() as connection:
            connection.execute(delete(notices).where(notices.c.at < now - max(_KEPT, cool_down)))
            insert = insert_into(connection, notices)
            taken = insert.on_conflict_do_update(
                index_elements=["key"],
                set_={"number": insert.excluded.number, "at": insert.excluded.at},
                where=notices.c.at <= now - cool_down,
            ).returning(notices.c.number)
            found = connection.execute(taken, row).scalar_one_or_none()
        return claim if found == claim.number else None

    def release(self, claim: NoticeClaim) -> None:
        """Give the right back: it could not be told, and may be with the next occasion.

        Raises:
            StoreError: when the database refuses.
        """
        mine = (notices.c.key == claim.key, notices.c.number == claim.number)
        with self._database.writing() as connection:
            connection.execute(delete(notices).where(*mine))
