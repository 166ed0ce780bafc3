"""Security alerts keep the contract too: the verdict is the closing reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

import sftsec_elastic.hooks
from sftsec_core.api.contracts import ConnectorSpec
from sftsec_core.api.domain import Detection, Incident, Verdict
from sftsec_core.testing import ConnectorContract, Platform, StoredDetection
from sftsec_elastic.config import NEEDS_LABEL
from tests.connectors.elastic.alerts import AlertSite, alert, closed, make_alerts
from tests.connectors.search.sites import own_site, stored
from tests.servers.engines.server import SearchServer
from tests.servers.kibana import start_kibana
from tests.servers.relay import Relay


class AlertPlatform(Platform):
    """A Kibana space; the engine and Kibana's double are behind relays."""

    verdict_values: ClassVar[tuple[str, str]] = ("false_positive", "true_positive")
    keeps_history: ClassVar[bool] = False  # closing again replaces the reason
    finds_late: ClassVar[bool] = False  # `settle` waits for late alerts

    def __init__(self, folder: Path, server: SearchServer) -> None:
        super().__init__(folder)
        self.stack = ExitStack()
        own = self.stack.enter_context(own_site("elastic", server))
        kibana = self.stack.enter_context(start_kibana(server))
        self.alerts = AlertSite(own, kibana, make_alerts(own))
        self.relays = [
            self.stack.enter_context(closing(Relay(u))) for u in (server.url, kibana.url)
        ]
        self.alerts.connect().close()

    def spec(self) -> ConnectorSpec[Any]:
        return sftsec_elastic.hooks.sftsec_register_connectors()[0]

    def options(self) -> Mapping[str, Any]:
        engine, kibana = self.relays
        return self.alerts.site.options(
            url=engine.url,
            kibana_url=kibana.url,
            space=self.alerts.space,
            page_size=self.page_size,
            max_field_bytes=1 << 15,
            retry_timeout="0.2s",
        )

    def fill(self, incidents: Sequence[Incident]) -> None:
        self.alerts.plant(**{each.uid: self._alert(each) for each in incidents})

    def _alert(self, incident: Incident) -> dict[str, object]:
        assert incident.at is not None
        found = alert(incident.at.isoformat(), **incident.fields)
        for verdict in incident.verdicts:
            assert verdict.at is not None
            found |= closed(verdict.value, user=verdict.analyst, at=verdict.at.isoformat())
        return found

    def pushed(self) -> Sequence[StoredDetection]:
        site = self.alerts.site
        return [stored(hit) for hit in site.documents(site.stream)]

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        with self.relays[0].away(), self.relays[1].away():
            yield

    def named(self, uid: str) -> str:
        return f"{self.alerts.index}/{uid}"

    def spoil(self) -> str:
        self.alerts.plant(spoilt=alert("2026-01-05T08:03:30Z", "hunter2 " * 10_000))
        return "hunter2"

    def remove(self, uid: str) -> None:
        self.alerts.site.call("DELETE", f"/{self.alerts.index}/_doc/{uid}?refresh=true")

    def add_verdict(self, uid: str, verdict: Verdict) -> None:
        self.alerts.kibana.close(self.alerts.space, [uid], verdict.value, verdict.analyst)

    def add_detection_verdict(self, detection: Detection, verdict: Verdict) -> None:
        """Judge the alert that the rule makes of the detection."""
        self.alerts.kibana.promote(self.alerts.space, self.alerts.site.stream)
        self.add_verdict(f"of-{detection.uid}", verdict)

    def unwritable(self, detection: Detection) -> Detection:
        first = replace(detection, uid="a" * 40, fields={"size": 7})
        with closing(self.alerts.connect()) as connector:
            assert connector.push([first]).written == (first.uid,)
        return replace(detection, fields={"size": "not a number"})

    def requested(self) -> Sequence[str]:
        hits = self.alerts.site.documents(self.alerts.index)
        tags = {h["_id"]: h["_source"].get("kibana.alert.workflow_tags") or [] for h in hits}
        return [self.named(uid) for uid, own in tags.items() for tag in own if tag == NEEDS_LABEL]

    def close(self) -> None:
        self.stack.close()


class TestSecurityAlerts(ConnectorContract):
    """Everything, inherited."""

    @pytest.fixture(scope="class")
    @classmethod
    def new_platform(cls, elasticsearch_server: SearchServer) -> Callable[[Path], Platform]:
        return lambda folder: AlertPlatform(folder, elasticsearch_server)
