"""A real OpenSearch for tests, plain or secured: one each a test session, or one of a test's own.

`SFTSEC_TEST_OPENSEARCH_URL` (with user:password@ where it asks for them) and
`SFTSEC_TEST_OPENSEARCH_CA` name a running one instead.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.engines.cache import cached, unpack
from tests.servers.engines.certificates import make_certificates
from tests.servers.engines.engine import Engine
from tests.servers.engines.node import Distribution, Node, Settings, new_node
from tests.servers.engines.server import SearchServer
from tests.servers.engines.shared import session_folder, shared_engine
from tests.servers.engines.tools import need_tools

VERSION = "2.19.1"  # what Wazuh 4.12 to 4.14 ships
_ARTIFACT = f"org.opensearch.distribution.integ-test-zip:opensearch:{VERSION}:zip"
_SECURITY = f"org.opensearch.plugin:opensearch-security:{VERSION}.0:zip"
_PLUGIN = Path("plugins", "opensearch-security")
_OURS: Settings = {
    "plugins.security.ssl.http.enabled": True,
    "plugins.security.ssl.transport.enforce_hostname_verification": False,
    "plugins.security.allow_default_init_securityindex": True,
    "plugins.security.nodes_dn": '["CN=node,O=sftsec tests"]',
    "plugins.security.restapi.roles_enabled": '["all_access"]',
}


@pytest.fixture(scope="session")
def opensearch_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchServer]:
    """The session's plain server; a test makes its names with `own_names`."""
    given = SearchServer.given("OPENSEARCH")
    if given:
        yield given
        return
    distribution(security=False)  # here, where what is missing skips the test
    with shared_engine("opensearch", session_folder(tmp_path_factory)) as server:
        yield server


@pytest.fixture(scope="session")
def opensearch_secure_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchServer]:
    """The session's server with TLS, users and roles; or the given one, when it has users."""
    given = SearchServer.given("OPENSEARCH")
    if given and given.username:
        yield given
        return
    distribution(security=True)
    with shared_engine("opensearch-secure", session_folder(tmp_path_factory)) as server:
        yield server


@contextmanager
def start_opensearch(extra: Settings | None = None, *, security: bool) -> Iterator[Engine]:
    """An OpenSearch of the caller's own: plain http for everybody, or TLS, users and roles.

    Args:
        extra: further settings of the node.
        security: whether it has the plugin for TLS, users and roles.
    """
    with new_node(distribution(security=security)) as node:
        node.configure({**(_secured(node) if security else {}), **(extra or {})})
        engine = Engine(f"http://127.0.0.1:{node.port}", node=node)
        if security:
            # The plugin's own first user: one of ours would need its way of hashing passwords.
            url, ca_file = f"https://127.0.0.1:{node.port}", node.folder / "config" / "tls/ca.pem"
            engine = Engine(url, "admin", "admin", ca_file, node=node)
        engine.start()
        yield engine


def distribution(*, security: bool) -> Distribution:
    """The unpacked engine, with the security plugin or without; fetched when the cache lacks it."""
    need_tools()
    name, unpack_ = f"opensearch-{VERSION}", _unpack
    if security:
        name, unpack_ = f"{name}-security", _unpack_both
    return Distribution("opensearch", "OPENSEARCH", cached(name, unpack_))


def _secured(node: Node) -> Settings:
    config = node.folder / "config"
    make_certificates(config / "tls")
    first = node.distribution.home / _PLUGIN / "config"
    shutil.copytree(first, config / "opensearch-security")
    files = {"pemcert": "node.pem", "pemkey": "node.key", "pemtrustedcas": "ca.pem"}
    tls = {
        f"plugins.security.ssl.{layer}.{part}_filepath": f"tls/{file}"
        for layer in ("transport", "http")
        for part, file in files.items()
    }
    return {**tls, **_OURS}


def _unpack(home: Path) -> None:
    unpack(_ARTIFACT, home, strip=1)


def _unpack_both(home: Path) -> None:
    _unpack(home)
    unpack(_SECURITY, home / _PLUGIN)
