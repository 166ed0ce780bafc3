"""A site of the test's own on Elasticsearch, with the double of Kibana before it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.elastic.alerts import AlertSite, make_alerts
from tests.connectors.search.sites import own_site
from tests.servers.elasticsearch import elasticsearch_server
from tests.servers.engines.server import SearchServer
from tests.servers.kibana import start_kibana

__all__ = ["elasticsearch_server"]


@pytest.fixture
def site(elasticsearch_server: SearchServer) -> Iterator[AlertSite]:
    """A space of the test's own, with its alerts' index."""
    with own_site("elastic", elasticsearch_server) as own, start_kibana(own.server) as kibana:
        yield AlertSite(own, kibana, make_alerts(own))
