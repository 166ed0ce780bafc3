"""Who may do what: the section `access` of sftsec.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from sftsec_core.api.errors import unknown
from sftsec_core.api.settings.values import Strict

ROLE_NAMES = ("viewer", "analyst", "operator", "admin", "scorer")


def checked_role(text: str) -> str:
    """A role as it is written: a name, or NAME@TASK.

    Raises:
        ValueError: when it is none; it says which there are.
    """
    name, one_task, task = text.partition("@")
    if name not in ROLE_NAMES:
        raise ValueError(unknown("role", name, ROLE_NAMES))
    if one_task and not task:
        raise ValueError(f"{text!r} names no task: write {name} for all tasks, or {name}@TASK")
    return text


Role = Annotated[str, AfterValidator(checked_role)]


class AccessSettings(Strict):
    """Who may do what: roles by the names of users and groups."""

    os_users: dict[str, tuple[Role, ...]] | None = Field(
        None,
        description="Roles of this machine's users: {alice: [operator], '%soc': [analyst@mail]}; "
        "% names a group. Who is not named may do nothing then. Default: all are admin.",
    )


def tasks_of(access: AccessSettings | None) -> Iterator[str]:
    """The names of tasks that roles name."""
    for roles in ((access and access.os_users) or {}).values():
        yield from (role.partition("@")[2] for role in roles if "@" in role)
