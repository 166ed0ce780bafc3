"""A user of OpenSearch's own security, with exactly the rights that a test gives it."""

from __future__ import annotations

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
_PASSWORD = "SFTSEC_TEST_USER_PASSWORD"
_NOTHING: Mapping[str, Any] = {"cluster_permissions": []}


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
        self.site.call("PUT", f"{_API}/roles/{self.site.token}", dict(role or _NOTHING))


@contextmanager
def own_user(site: Site) -> Iterator[User]:
    """Make a user who may do nothing yet."""
    name, password = site.token, f"Correct-horse-{token_hex(6)}"
    if SearchServer.given("OPENSEARCH") is None:
        # The first configuration lets everybody send bulk requests; a hardened one does not.
        site.server.call("DELETE", f"{_API}/rolesmapping/own_index")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(_PASSWORD, password)
        site.call("PUT", f"{_API}/internalusers/{name}", {"password": password})
        site.call("PUT", f"{_API}/roles/{name}", dict(_NOTHING))
        site.call("PUT", f"{_API}/rolesmapping/{name}", {"users": [name]})
        try:
            yield User(site, {"username": name, "password": f"env:{_PASSWORD}"})
        finally:
            for kind in _KINDS:
                site.call("DELETE", f"{_API}/{kind}/{name}")
