"""A site and a user of a test module's own on the OpenSearch that asks for a login."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sftsec_core.testing.incidents import make_incidents
from tests.connectors.opensearch.users import User, own_user
from tests.connectors.search.sites import Site, as_document, own_site
from tests.servers.engines.server import SearchServer
from tests.servers.opensearch import opensearch_secure_server

__all__ = ["opensearch_secure_server"]


@pytest.fixture(scope="module")
def site(opensearch_secure_server: SearchServer) -> Iterator[Site]:
    """A site whose connector logs in as the administrator, unless a test says otherwise."""
    with own_site("opensearch", opensearch_secure_server) as own:
        yield own


@pytest.fixture(scope="module")
def index(site: Site) -> str:
    """A labelled index with ten events; an administrator did the setup."""
    name = site.name("mail")
    site.make_index(name)
    site.plant(name, {each.uid: as_document(each) for each in make_incidents(10)})
    site.connect(name).close()
    return name


@pytest.fixture(scope="module")
def user(site: Site) -> Iterator[User]:
    """A user whose rights each test sets: a login costs the engine a second or two."""
    with own_user(site) as own:
        yield own
