"""Who acts on the command line: the owner of the token in SFTSEC_TOKEN, or this machine's user."""

from __future__ import annotations

import grp
import os
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Actor
from sftsec_core.api.errors import AuthenticationError
from sftsec_core.operations.authorize import current_user, local_admin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sftsec_core.config.settings import Settings
    from sftsec_core.operations.context import Context

TOKEN_VARIABLE = "SFTSEC_TOKEN"  # noqa: S105 - the name of a variable
# Until it is known who acts, no one may do anything.
NOBODY = Actor("nobody", frozenset(), "cli")


def identify(context: Context, origin: str = "cli") -> Actor:
    """Find out who acts; called before the context's store is opened.

    Raises:
        AuthenticationError: when SFTSEC_TOKEN is set and is no valid token.
    """
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token:
        return local_actor(context.settings, origin)
    return _owner(context, token, origin)


def local_actor(settings: Settings, origin: str = "cli") -> Actor:
    """The operating system's user with the roles of `access.os_users`; without it, an admin.

    The files' permissions are what holds a local user: roles hold who comes through sftsec.
    """
    users = settings.access.os_users if settings.access else None
    if users is None:
        return local_admin(origin)
    name = current_user()
    keys = (name, *(f"%{group}" for group in _groups()))
    return Actor(name, frozenset(role for key in keys for role in users.get(key, ())), origin)


def _owner(context: Context, token: str, origin: str) -> Actor:
    from sftsec_core.operations.oidc import OidcVerifier, is_jwt
    from sftsec_core.operations.token_verifier import TokenVerifier

    oidc = context.settings.access.oidc if context.settings.access else None
    if oidc is not None and is_jwt(token):
        issued = OidcVerifier(oidc).find(token)
        if issued is not None:
            return Actor(issued.name, issued.roles, origin)
    with context.open_store(context.settings.state.url, actor=None) as store:
        found = TokenVerifier(store.tokens).find(token)
    if found is None:
        raise AuthenticationError(
            current_user(),
            f"{TOKEN_VARIABLE} is no valid token (mistyped, expired or revoked): ask an "
            "administrator for another one (sftsec token add), or unset it",
        )
    return Actor(found.name, frozenset(found.roles), origin)


def _groups() -> Iterator[str]:
    """The names of the process's groups, as the login gave them."""
    for number in sorted({os.getegid(), *os.getgroups()}):
        try:
            yield grp.getgrgid(number).gr_name
        except KeyError:  # a gid that has no name
            continue
