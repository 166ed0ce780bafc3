"""A user of OpenSearch's own security, with exactly the rights that a test gives it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

import pytest

from tests.connectors.search.sites import Site
from tests.servers.engines.server import SearchServer

_API = "/_plugins/_security/api"
_KINDS = ("rolesmapping", "roles", "internalusers")
_CONFLICT, _TRIES = 409, 50
_PASSWORD = "SFTSEC_TEST_USER_PASSWORD"
_NOTHING: Mapping[str, Any] = {"cluster_permissions": []}


def change_security(server: SearchServer, method: str, path: str, body: Any = None) -> int:
    """Change the engine's security, which is one document for all tests: two at once conflict."""
    for _ in range(_TRIES):
        status, answer = server.call(method, f"{_API}/{path}", body)
        if status != _CONFLICT:
            assert status < 300 or method == "DELETE", (method, path, status, answer)
            return status
        time.sleep(0.1)
    raise AssertionError(f"{method} {path} was in conflict {_TRIES} times")


@dataclass(frozen=True)
class User:
    """A user with one role.

    Attributes:
        login: what a connector's configuration says to log in as the user.
    """

    site: Site
    login: dict[str, Any]

    def may(self, role: Mapping[str, Any] | None = None) -> None:
        """Give the user the rights of a role, by default none, instead of those it had."""
        change_security(self.site.server, "PUT", f"roles/{self.site.token}", dict(role or _NOTHING))


@contextmanager
def own_user(site: Site) -> Iterator[User]:
    """Make a user who may do nothing yet."""
    name, password = site.token, f"Correct-horse-{token_hex(6)}"
    if SearchServer.given("OPENSEARCH") is None:
        # The first configuration lets everybody send bulk requests; a hardened one does not.
        change_security(site.server, "DELETE", "rolesmapping/own_index")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(_PASSWORD, password)
        change_security(site.server, "PUT", f"internalusers/{name}", {"password": password})
        change_security(site.server, "PUT", f"roles/{name}", dict(_NOTHING))
        change_security(site.server, "PUT", f"rolesmapping/{name}", {"users": [name]})
        try:
            yield User(site, {"username": name, "password": f"env:{_PASSWORD}"})
        finally:
            for kind in _KINDS:
                change_security(site.server, "DELETE", f"{kind}/{name}")
