"""A real Elasticsearch for tests, with its security: one a test session, or one of a test's own.

`SFTSEC_TEST_ELASTICSEARCH_URL` (https://user:password@host:port) and `SFTSEC_TEST_ELASTICSEARCH_CA`
name a running one instead. The one that is started here is the stripped distribution that Maven
Central has, plus our `GapsPlugin`: it has no scripts, few ingest processors and field types.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import pytest

from tests.servers.engines.cache import cached, unpack
from tests.servers.engines.certificates import make_certificates
from tests.servers.engines.engine import Engine
from tests.servers.engines.node import Distribution, Settings, new_node
from tests.servers.engines.server import SearchServer
from tests.servers.engines.shared import session_folder, shared_engine
from tests.servers.engines.tools import compile_jar, need_tools

VERSION = "8.19.21"  # neighbouring versions are only partly on Maven Central
_ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
_PLUGIN = Path(__file__).parent / "java" / "GapsPlugin.java"
_DESCRIPTOR = f"""\
name=sftsec-gaps
description=what the tests of sftsec need and the stripped distribution lacks
version=1
classname=sftsec.GapsPlugin
java.version=17
elasticsearch.version={VERSION}
"""


@pytest.fixture(scope="session")
def elasticsearch_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchServer]:
    """The session's server; a test makes its names with `own_names`."""
    given = SearchServer.given("ELASTICSEARCH")
    if given:
        yield given
        return
    distribution()  # here, where what is missing skips the test
    with shared_engine("elasticsearch", session_folder(tmp_path_factory)) as server:
        yield server


@contextmanager
def start_elasticsearch(extra: Settings | None = None) -> Iterator[Engine]:
    """An Elasticsearch of the caller's own, with TLS and a superuser of the file realm.

    Args:
        extra: further settings of the node.
    """
    with new_node(distribution()) as node:
        config, password = node.folder / "config", token_hex(8)
        make_certificates(config / "tls")
        (config / "users").write_text(f"admin:{password}\n")  # it takes a plain password here
        (config / "users_roles").write_text("superuser:admin\n")
        tls = "xpack.security.http.ssl"
        node.configure(
            {
                "xpack.security.enabled": True,
                f"{tls}.enabled": True,
                f"{tls}.certificate": "tls/node.pem",
                f"{tls}.key": "tls/node.key",
                **(extra or {}),
            }
        )
        url, ca_file = f"https://127.0.0.1:{node.port}", config / "tls" / "ca.pem"
        engine = Engine(url, "admin", password, ca_file, node=node)
        engine.start()
        yield engine


def distribution() -> Distribution:
    """The unpacked engine; fetched when the cache lacks it."""
    need_tools()
    plugin = hashlib.sha256(_PLUGIN.read_bytes()).hexdigest()[:8]
    home = cached(f"elasticsearch-{VERSION}-{plugin}", _unpack)
    return Distribution("elasticsearch", "ES", home)


def _unpack(home: Path) -> None:
    unpack(_ARTIFACT, home, strip=1)
    plugin = home / "plugins" / "sftsec-gaps"
    plugin.mkdir()
    (plugin / "plugin-descriptor.properties").write_text(_DESCRIPTOR)
    compile_jar(_PLUGIN, home / "lib", plugin / "sftsec-gaps.jar")
