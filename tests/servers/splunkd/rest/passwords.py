"""storage/passwords: secrets under a realm and a user's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.splunkd.entities import Entity
from tests.servers.splunkd.rest.kinds import Kind, Properties

if TYPE_CHECKING:
    from tests.servers.splunkd.rest.messages import Request
    from tests.servers.splunkd.state import Splunkd

PASSWORDS = "storage/passwords"


def _escaped(part: str) -> str:
    return part.replace("\\", "\\\\").replace(":", "\\:")


def stanza_of(realm: str, username: str) -> str:
    return f"{_escaped(realm)}:{_escaped(username)}:"


def _spelt(name: str) -> str:
    """The colon at the end of a name may be left out."""
    return name if name.endswith(":") and not name.endswith("\\:") else f"{name}:"


def _named(splunk: Splunkd, request: Request, name: str, given: Properties) -> str:
    del splunk, request
    given["username"] = [name]
    return stanza_of((given.get("realm") or [""])[-1], name)


def _shown(splunk: Splunkd, entity: Entity) -> dict[str, Any]:
    del splunk
    content = entity.content
    return {
        "clear_password": content["password"],
        "encr_password": f"$7${entity.name.encode().hex()}",
        "password": "********",
        "realm": content["realm"] or None,
        "username": content["username"],
    }


PASSWORD_KIND = Kind(
    PASSWORDS,
    {"password": "", "realm": "", "username": ""},
    required=("password",),
    named=_named,
    spelt=_spelt,
    shown=_shown,
)
