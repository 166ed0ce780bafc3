"""Who may do what: the section `access` of sftsec.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from sftsec_core.api.errors import unknown
from sftsec_core.api.settings.paths import ConfigPath
from sftsec_core.api.settings.values import Duration, Strict

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


def https_url(text: str) -> str:
    """An address over TLS, without a password in it.

    Raises:
        ValueError: when it is none; it repeats nothing.
    """
    if not re.fullmatch(r"https://[^\s@/]+(/\S*)?", text):
        raise ValueError("write an https:// address, without a user and a password")
    return text


HttpsUrl = Annotated[str, AfterValidator(https_url)]
Role = Annotated[str, AfterValidator(checked_role)]


Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]


class OidcSettings(Strict):
    """Bearer tokens of an OIDC issuer; takes the extra `serve`."""

    issuer: HttpsUrl = Field(
        description="The issuer, as tokens name it: https://login.example/realms/x."
    )
    audience: str = Field(min_length=1, description="For whom tokens must be: this service's name.")
    jwks_uri: HttpsUrl | None = Field(
        None, description="Where its keys are; default: what its discovery says."
    )
    claim: str = Field(
        "groups",
        min_length=1,
        description="The claim that gives roles: a text or a list; a path with dots, too.",
    )
    name: str = Field(
        "sub",
        min_length=1,
        description="The claim that names the owner in the audit log. The same person should have "
        "the same name as user and in tokens.",
    )
    roles: dict[str, tuple[Role, ...]] = Field(
        description="Roles by the claim's values: {soc-analysts: [analyst]}."
    )
    algorithms: tuple[Algorithm, ...] = Field(
        ("RS256", "ES256"), min_length=1, description="With which tokens may be signed."
    )
    leeway: Duration = Field(
        timedelta(seconds=30),
        ge=timedelta(0),
        le=timedelta(minutes=5),
        description="How far the clocks may differ.",
    )
    ca_file: ConfigPath | None = Field(
        None, description="Authorities to trust (PEM); default: the system's."
    )


class AccessSettings(Strict):
    """Who may do what: roles by the names of users and groups."""

    os_users: dict[str, tuple[Role, ...]] | None = Field(
        None,
        description="Roles of this machine's users: {alice: [operator], '%soc': [analyst@mail]}; "
        "% names a group. Who is not named may do nothing then. Default: all are admin.",
    )
    oidc: OidcSettings | None = Field(
        None, description="Whose tokens `sftsec serve` and SFTSEC_TOKEN take besides our own."
    )


def tasks_of(access: AccessSettings | None) -> Iterator[str]:
    """The names of tasks that roles name."""
    users = (access and access.os_users) or {}
    groups = access.oidc.roles if access and access.oidc else {}
    for roles in (*users.values(), *groups.values()):
        yield from (role.partition("@")[2] for role in roles if "@" in role)
