"""A site of the test's own on Elasticsearch, with the double of Kibana before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from sftsec_core.testing.incidents import make_incidents
from tests.connectors.elastic.access import KEY, Login, connect
from tests.connectors.elastic.alerts import AlertSite, alert, closed, make_alerts
from tests.connectors.search.sites import as_document, own_site
from tests.servers.elasticsearch import elasticsearch_server
from tests.servers.engines.server import SearchServer
from tests.servers.kibana import start_kibana

__all__ = ["elasticsearch_server"]


@pytest.fixture
def site(elasticsearch_server: SearchServer) -> Iterator[AlertSite]:
    """A space of the test's own, with its alerts' index."""
    with own_site("elastic", elasticsearch_server) as own, start_kibana(own.server) as kibana:
        yield AlertSite(own, kibana, make_alerts(own))


@pytest.fixture(scope="module")
def secured(elasticsearch_server: SearchServer) -> Iterator[AlertSite]:
    """A space with alerts; an administrator did the setup."""
    with own_site("elastic", elasticsearch_server) as own, start_kibana(own.server) as kibana:
        secured = AlertSite(own, kibana, make_alerts(own))
        secured.plant(
            a=alert("2026-01-05T08:00:00Z", "x", **closed("true_positive")),
            b=alert("2026-01-05T08:01:00Z", "y"),
        )
        connect(secured).setup()
        yield secured


@pytest.fixture(scope="module")
def index(secured: AlertSite) -> str:
    """A labelled index with ten events."""
    name = secured.site.name("mail")
    secured.site.make_index(name)
    secured.site.plant(name, {each.uid: as_document(each) for each in make_incidents(10)})
    return name


@pytest.fixture
def key(secured: AlertSite, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], Login]]:
    """Make an API key with a role; give what a configuration says to log in with it."""
    made: list[str] = []

    def make(role: Mapping[str, Any]) -> Login:
        wish = {"name": secured.space, "role_descriptors": {"sftsec": role}}
        answer = secured.site.call("POST", "/_security/api_key?refresh=true", wish)
        made.append(answer["id"])
        monkeypatch.setenv(KEY, answer["encoded"])
        return {"api_key": f"env:{KEY}", "username": None, "password": None}

    yield make
    secured.site.call("DELETE", "/_security/api_key", {"ids": made})
