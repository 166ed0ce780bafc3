"""Security alerts keep the contract too: the verdict is the closing reason."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from sftsec_core.api.contracts import Connector
from sftsec_core.api.domain import Incident
from sftsec_core.testing import ConnectorContract
from tests.connectors.elastic.alerts import AlertSite, alert, closed


class TestSecurityAlerts(ConnectorContract):
    @pytest.fixture(autouse=True)
    def _own_site(self, site: AlertSite) -> None:
        self.site = site

    def fill(self, folder: Path, incidents: Sequence[Incident]) -> None:
        self.site.plant(**{each.uid: self._alert(each) for each in incidents})

    def _alert(self, incident: Incident) -> dict[str, object]:
        assert incident.at is not None
        found = alert(incident.at.isoformat(), **incident.fields)
        for verdict in incident.verdicts:  # a custom reason, as Kibana 9.4 has them
            assert verdict.at is not None
            found |= closed(verdict.value, user=verdict.analyst, at=verdict.at.isoformat())
        return found

    def connect(self, folder: Path) -> Connector:
        return self.site.connect(page_size=self.page_size, max_field_bytes=4096)

    def pushed(self, folder: Path) -> Sequence[str]:
        return [hit["_id"] for hit in self.site.site.documents(self.site.site.stream)]

    def named(self, folder: Path, uid: str) -> str:
        return f"{self.site.index}/{uid}"

    def spoil(self, folder: Path) -> str | None:
        self.site.plant(spoilt=alert("2026-01-05T08:03:30Z", "hunter2 " * 1000))
        return "hunter2"
