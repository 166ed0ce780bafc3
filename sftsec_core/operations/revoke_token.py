"""Revoke tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import DataError
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.token_format import PREFIX, read_token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.operations.context import Context
    from sftsec_core.store.tokens import StoredToken


def revoke_token(context: Context, name: str) -> Sequence[StoredToken]:
    """Refuse a token, or all of an owner, from now on; `sftsec serve` follows within seconds.

    Args:
        context: settings, store, registry, actor and event stream.
        name: an id, the beginning of one, the owner's name, or the token itself.

    Raises:
        DataError: when it is a token that is mistyped.
        NotFoundError: when there is no such token that is not revoked.
        AmbiguousNameError: when several ids begin so.
    """
    authorize(context.actor, Permission.MANAGE_TOKENS)
    if name.startswith(PREFIX):
        given = read_token(name)
        if given is None:  # not repeated: it may be the secret with a letter missing
            raise DataError("that is no whole token: name its id or owner (sftsec token list)")
        name = given.id
    return context.store.tokens.revoke(name, by=context.actor.name)
