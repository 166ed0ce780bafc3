"""List the tokens, without their secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.operations.authorize import authorize

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context
    from sftsec_core.store.tokens import StoredToken


@dataclass(frozen=True, slots=True)
class ListedToken:
    """A token as it is now.

    Attributes:
        state: "valid", "expired" or "revoked".
    """

    row: StoredToken
    state: str

    def to_json(self) -> dict[str, Any]:
        """For `--json`; the hash is left out."""
        row = self.row
        return {
            "id": row.id,
            "name": row.name,
            "state": self.state,
            "roles": list(row.roles),
            "created_at": row.created_at,
            "created_by": row.created_by,
            "expires_at": row.expires_at,
            "revoked_at": row.revoked_at,
            "used_at": row.used_at,
        }


def list_tokens(context: Context) -> list[ListedToken]:
    """Return all tokens by name, also those that are valid no more."""
    authorize(context.actor, Permission.MANAGE_TOKENS)
    kept = context.store.tokens
    now = kept.now()
    return [ListedToken(row, row.state(now)) for row in kept.list()]
