"""One site a test, on each engine in turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.search.sites import Site, own_site
from tests.servers.elasticsearch import elasticsearch_server
from tests.servers.opensearch import opensearch_server

__all__ = ["elasticsearch_server", "opensearch_server"]


@pytest.fixture(params=["elastic", "opensearch"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A site of the test's own."""
    vendor = request.param
    fixture = {"elastic": "elasticsearch_server", "opensearch": "opensearch_server"}[vendor]
    with own_site(vendor, request.getfixturevalue(fixture)) as site:
        yield site
