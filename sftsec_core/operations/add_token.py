"""Make a token for a person or a program."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import ConfigError, DataError, unknown
from sftsec_core.config.access import ROLE_NAMES
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.token_format import PREFIX, make_token

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from sftsec_core.operations.context import Context
    from sftsec_core.store.tokens import StoredToken

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class AddedToken:
    """A token that was made.

    Attributes:
        token: to be given to its owner; it is kept nowhere.
        row: what is kept.
    """

    token: str = field(repr=False)
    row: StoredToken


def add_token(
    context: Context,
    name: str,
    roles: Sequence[str],
    *,
    tasks: Sequence[str] = (),
    lifetime: timedelta | None = None,
) -> AddedToken:
    """Make a token and keep its hash.

    Args:
        context: settings, store, registry, actor and event stream.
        name: of its owner, as it stands in the audit log; several tokens may have one owner.
        roles: names of roles.
        tasks: the tasks on which it has them; none: on all.
        lifetime: until it expires; None: never.

    Raises:
        ConfigError: when a name cannot be one, there is no such role, or no role is given.
        DataError: when it would expire at once.
        NotFoundError: when there is no such task.
    """
    authorize(context.actor, Permission.MANAGE_TOKENS)
    kept = context.store.tokens
    if not _NAME.fullmatch(name) or name.startswith(PREFIX):
        raise ConfigError("a token's name is 1 to 64 letters, digits, dots, dashes or underscores")
    if lifetime is not None and lifetime.total_seconds() <= 0:
        raise DataError("a token must be valid for some time: --expires 90d")
    for task in tasks:
        context.task(task)
    for role in roles:
        if role not in ROLE_NAMES:
            raise ConfigError(unknown("role", role, ROLE_NAMES))
    if not roles:
        raise ConfigError("name at least one role: --role analyst")
    granted = {f"{role}@{task}" for role in roles for task in tasks} or set(roles)
    token, token_id, hashed = make_token()
    row = kept.add(
        token_id,
        name,
        hashed=hashed,
        roles=sorted(granted),
        lifetime=lifetime,
        by=context.actor.name,
    )
    return AddedToken(token, row)
