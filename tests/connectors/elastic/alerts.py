"""Security alerts as Kibana keeps them: a hidden index behind an alias, mapped as far as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sftsec_core.api.domain import Incident, PullWindow
from sftsec_elastic.connector import ElasticConnector
from tests.connectors.search.sites import EVERYTHING, Site, incidents, pages
from tests.servers.kibana import Kibana

_KEYWORDS = (
    "kibana.alert.workflow_status",
    "kibana.alert.workflow_reason",
    "kibana.alert.workflow_tags",
    "kibana.alert.workflow_user",
    "kibana.alert.building_block_type",
    "kibana.alert.group.id",
    "kibana.alert.rule.name",
    "event.module",
    "event.dataset",
    "rule.name",
    "rule.version",
)
_DATES = ("@timestamp", "kibana.alert.workflow_status_updated_at")
# As in Kibana: what has no mapping is kept in _source and cannot be searched.
MAPPINGS: Mapping[str, Any] = {
    "dynamic": False,
    "properties": {
        **{name: {"type": "keyword"} for name in _KEYWORDS},
        **{name: {"type": "date"} for name in _DATES},
    },
}


def make_alerts(site: Site) -> str:
    """Make the alerts' index of the site's space; return the concrete index."""
    concrete = f".internal.alerts-security.alerts-{site.token}-000001"
    body = {
        "settings": {"number_of_shards": 1, "number_of_replicas": 0, "index.hidden": True},
        "mappings": MAPPINGS,
        "aliases": {f".alerts-security.alerts-{site.token}": {"is_hidden": True}},
    }
    site.call("PUT", f"/{concrete}", body)
    return concrete


def alert(at: str, message: str, **fields: Any) -> dict[str, Any]:
    """An open alert: alert fields flat and dotted, the event's nested, as Kibana writes them."""
    return {
        "@timestamp": at,
        "event": {"kind": "signal"},
        "message": message,
        "kibana.alert.workflow_status": "open",
        "kibana.alert.workflow_tags": [],
        "kibana.alert.rule.name": "A rule",
        **fields,
    }


def closed(
    reason: str | None, *, user: str | None = "u_ann", at: str = "2026-01-05T12:00:00Z"
) -> dict[str, Any]:
    """The fields that closing an alert changes."""
    said = {
        "kibana.alert.workflow_status": "closed",
        "kibana.alert.workflow_reason": reason,
        "kibana.alert.workflow_user": user,
        "kibana.alert.workflow_status_updated_at": at,
    }
    return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True)
class AlertSite:
    """A Kibana space with its alerts.

    Attributes:
        site: the part of the engine.
        kibana: the double, which writes to it.
        index: the concrete index of the alerts.
    """

    site: Site
    kibana: Kibana
    index: str

    @property
    def space(self) -> str:
        """The space's name."""
        return self.site.token

    def connect(self, **options: Any) -> ElasticConnector:
        """Open a connector to the space."""
        given = {"space": self.space, "kibana_url": self.kibana.url, **options}
        connector = self.site.connect(**given)
        assert isinstance(connector, ElasticConnector)
        return connector

    def plant(self, **alerts: Mapping[str, Any]) -> None:
        """Write alerts by their ids."""
        self.site.plant(self.index, alerts)

    def pull(self, labelled: bool | None = True, **options: Any) -> list[Incident]:
        """Bring all incidents of the space."""
        window = EVERYTHING if labelled is None else PullWindow(labelled=labelled)
        return incidents(pages(self.connect(**options), window))

    def names(self, found: Sequence[Incident]) -> list[str]:
        """The `_id`s of incidents."""
        return [each.uid.partition("/")[2] for each in found]

    def tags(self, name: str) -> list[str]:
        """The tags of an alert."""
        found = self.site.call("GET", f"/{self.index}/_doc/{name}")["_source"]
        tags: list[str] = found["kibana.alert.workflow_tags"]
        return tags
