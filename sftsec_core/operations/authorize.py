"""Who may do what: asked at the head of each use case, before anything is touched."""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

from sftsec_core.api.domain.actors import Actor, Permission
from sftsec_core.api.errors import AuthorizationError

if TYPE_CHECKING:
    from collections.abc import Mapping

ADMIN = "admin"
ANALYST = "analyst"
# Who can run the command line can read and write the state folder anyway; an analyst comes with a
# token of `sftsec serve`.
ROLES: Mapping[str, frozenset[Permission]] = {
    ADMIN: frozenset(Permission),
    ANALYST: frozenset({Permission.LABEL}),
}


def authorize(actor: Actor, permission: Permission, task: str | None = None) -> None:
    """Let a permitted actor pass.

    Args:
        actor: who asks.
        permission: for what.
        task: on which task; None for what concerns no single one.

    Raises:
        AuthorizationError: when none of the actor's roles has the permission.
    """
    if not any(permission in ROLES.get(role, ()) for role in actor.roles):
        raise AuthorizationError(actor.name, permission.value, task)


def local_admin(origin: str = "cli") -> Actor:
    """The operating system's user as an administrator: from the process, not its environment."""
    return Actor(current_user(), frozenset({ADMIN}), origin)


def current_user() -> str:
    """The name of the operating system's user that runs this process."""
    uid = os.geteuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container with a uid that has no name
        return f"uid {uid}"
