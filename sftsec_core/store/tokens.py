"""Tokens: who may act, with which roles, until when. A token itself is not kept, only its hash."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, or_, select, update

from sftsec_core.api.errors import AmbiguousNameError, NotFoundError
from sftsec_core.store.tables import tokens

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Row

    from sftsec_core.store.audit import AuditLog
    from sftsec_core.store.database import Database

USED_EVERY = timedelta(minutes=1)
_LEAST = 4


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token's row.

    Attributes:
        id: a part of the token that finds the row; no secret.
        name: of its owner, as it stands in the audit log.
        hash: of the secret.
        roles: what the owner is: "operator" on all tasks, "operator@phishing" on one.
        expires_at: from when on it is refused (UTC); None: never.
        revoked_at: when it was revoked (UTC); None where it was not.
        used_at: the last use (UTC), to the minute; None before the first.
    """

    id: str
    name: str
    hash: str = field(repr=False)
    roles: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    used_at: datetime | None = None

    def state(self, now: datetime) -> str:
        """What it is at a moment: "valid", "expired" or "revoked"."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "valid"


class AccessTokens:
    """The tokens of this store."""

    def __init__(self, database: Database, log: AuditLog) -> None:
        self._database = database
        self._log = log

    def now(self) -> datetime:
        """The store's present moment (UTC), which decides when a token has expired."""
        return self._database.clock()

    def add(
        self,
        token_id: str,
        name: str,
        *,
        hashed: str,
        roles: Sequence[str],
        lifetime: timedelta | None,
        by: str,
    ) -> StoredToken:
        """Keep a new token, with an entry in the audit log; without a lifetime it never expires.

        Raises:
            StoreError: when the database refuses.
        """
        now = self._database.clock()
        expires_at = None if lifetime is None else now + lifetime
        made = StoredToken(token_id, name, hashed, tuple(roles), now, by, expires_at)
        row = {each: getattr(made, each) for each in StoredToken.__slots__}
        ends = expires_at.isoformat() if expires_at else None
        details = {"id": token_id, "roles": list(roles), "expires": ends}
        with self._database.writing() as connection:
            connection.execute(insert(tokens).values({**row, "roles": list(roles)}))
            self._log.append("token.added", name, details, actor=by, joined=connection)
        return made

    def get(self, token_id: str) -> StoredToken | None:
        """Return a token by its id; None where there is none."""
        query = select(tokens).where(tokens.c.id == token_id)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _token(row)

    def list(self) -> list[StoredToken]:
        """Return all tokens, also those that are valid no more, by name, the newest last."""
        query = select(tokens).order_by(tokens.c.name, tokens.c.created_at, tokens.c.id)
        with self._database.reading() as connection:
            return [_token(row) for row in connection.execute(query)]

    def any_valid(self, role: str | None = None) -> bool:
        """Whether a token is valid now, of an owner with this role on any task."""
        now = self._database.clock()
        valid = (each for each in self.list() if each.state(now) == "valid")
        return any(
            role is None or any(given.partition("@")[0] == role for given in each.roles)
            for each in valid
        )

    def revoke(self, name: str, *, by: str) -> Sequence[StoredToken]:
        """Refuse tokens from now on, with an entry in the audit log for each.

        Args:
            name: an id, the beginning of one, or an owner's name: then all that are valid.
            by: who revokes.

        Raises:
            NotFoundError: when there is no such token that is valid.
            AmbiguousNameError: when several ids begin so.
        """
        now = self._database.clock()
        with self._database.writing() as connection:
            rows = connection.execute(select(tokens).where(tokens.c.revoked_at.is_(None)))
            known = [_token(row) for row in rows]
            found = _named(known, name)
            for each in found:
                mine = tokens.c.id == each.id
                connection.execute(update(tokens).where(mine).values(revoked_at=now))
                details = {"id": each.id}
                self._log.append("token.revoked", each.name, details, actor=by, joined=connection)
        return found

    def use(self, token_id: str) -> None:
        """Note that a token was used; at most once a minute each."""
        now = self._database.clock()
        last = tokens.c.used_at
        stale = or_(last.is_(None), last <= now - USED_EVERY)
        change = update(tokens).where(tokens.c.id == token_id, stale).values(used_at=now)
        with self._database.writing() as connection:
            connection.execute(change)


def _named(known: Sequence[StoredToken], name: str) -> Sequence[StoredToken]:
    found = [each for each in known if name in (each.id, each.name)]
    if not found and len(name) >= _LEAST:
        found = [each for each in known if each.id.startswith(name)]
        if len(found) > 1:
            ids = ", ".join(f"{each.id} ({each.name})" for each in found)
            raise AmbiguousNameError(f"{name!r} stands for several tokens: {ids}")
    if not found:
        raise NotFoundError("token", name, {each.name for each in known})
    return found


def _token(row: Row[Any]) -> StoredToken:
    return StoredToken(**{**row._mapping, "roles": tuple(row.roles)})
