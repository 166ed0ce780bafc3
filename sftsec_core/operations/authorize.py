"""Who may do what: asked at the head of each use case, before anything is touched.

A role is written as its name, for all tasks, or as NAME@TASK, for one task: so it stands in
sftsec.yaml, in a token's row and in a queued run. A permission that no other role lists is the
administrator's alone.
"""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

from sftsec_core.api.domain.actors import Actor, Permission
from sftsec_core.api.errors import AuthorizationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ADMIN, OPERATOR, ANALYST, VIEWER, SCORER = "admin", "operator", "analyst", "viewer", "scorer"
_SEES = frozenset({Permission.READ})
# What decides over the state as a whole, over models against the gate, and over who may do what.
ADMIN_ONLY = frozenset(
    {
        Permission.FORCE_PROMOTION,
        Permission.ROLL_BACK,
        Permission.SIGN,
        Permission.SET_UP,
        Permission.ENCRYPT,
        Permission.FORGET,
        Permission.LABEL_FOR_OTHERS,
        Permission.MANAGE_TOKENS,
        Permission.MANAGE_STORE,
    }
)
# Who trains does not label, and who labels does not train, unless somebody has both roles.
ROLES: Mapping[str, frozenset[Permission]] = {
    VIEWER: _SEES,
    ANALYST: _SEES | {Permission.LABEL},
    OPERATOR: _SEES
    | {
        Permission.PULL,
        Permission.BUILD_DATASET,
        Permission.RETRAIN,
        Permission.PROMOTE,
        Permission.SCORE,
        Permission.SCORE_EVENTS,
        Permission.SERVE,
        Permission.REQUEST_LABELS,
        Permission.EXPORT_AUDIT,
        Permission.CLEAN_UP,
        Permission.WATCH,
        Permission.SCHEDULE,
        Permission.MANAGE_RUNS,
        Permission.RELEASE_GPU,
    },
    # A program that sends events to `sftsec serve`, such as an app of a SIEM: it sees nothing else.
    SCORER: frozenset({Permission.SCORE_EVENTS}),
    ADMIN: frozenset(Permission),
}


def authorize(actor: Actor, permission: Permission, task: str | None = None) -> None:
    """Let a permitted actor pass.

    Args:
        actor: who asks.
        permission: for what.
        task: on which task; None for what concerns all of them.

    Raises:
        AuthorizationError: when none of the actor's roles has the permission there.
    """
    if not may(actor, permission, task):
        raise AuthorizationError(actor.name, permission.value, task)


def authorize_some(actor: Actor, permission: Permission, task: str | None = None) -> None:
    """Let an actor pass who is permitted on this task or, without one, on any task.

    For what looks up later which tasks it concerns: each of them is asked for by then.

    Raises:
        AuthorizationError: when no role of the actor has the permission on any task.
    """
    if task is not None or not any(permission in granted for granted, _ in _grants(actor)):
        authorize(actor, permission, task)


def may(actor: Actor, permission: Permission, task: str | None = None) -> bool:
    """Whether an actor has a permission on a task; without a task, on all of them."""
    return any(permission in granted and where in (None, task) for granted, where in _grants(actor))


def permitted(actor: Actor, permission: Permission, tasks: Iterable[str]) -> list[str]:
    """Those of the tasks on which an actor has a permission, in their order."""
    return [task for task in tasks if may(actor, permission, task)]


def _grants(actor: Actor) -> Iterable[tuple[frozenset[Permission], str | None]]:
    for role in actor.roles:
        name, one_task, task = role.partition("@")
        yield ROLES.get(name, frozenset()), task if one_task else None


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
