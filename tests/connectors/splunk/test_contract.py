"""Whatever a source is, the connector keeps the contract."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sftsec_core.api.contracts import Connector
from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.testing import ConnectorContract
from tests.connectors.splunk.sites import Site

OWN = {"7": "benign", "8": "malicious"}


class _OnTheDouble(ConnectorContract):
    source: ClassVar[dict[str, Any]]

    @pytest.fixture(autouse=True)
    def _own_site(self, site: Site) -> None:
        self.site = site

    def connect(self, folder: Path) -> Connector:
        return self.site.connect(
            page_size=self.page_size, slice_events=10, sources=[self.source], max_field_bytes=4096
        )

    def pushed(self, folder: Path) -> Sequence[str]:
        return [each["detection_id"] for each in self.site.detections()]


class TestSearch(_OnTheDouble):
    source: ClassVar[dict[str, Any]] = {
        "kind": "search",
        "search": "index=mail",
        "label": "verdict_word",
        "analyst": "who",
        "verdict_time": "when",
        "uid": "uid",
    }

    def fill(self, folder: Path, incidents: Sequence[Incident]) -> None:
        for each in incidents:
            assert each.at is not None
            said: dict[str, Any] = {}
            for verdict in each.verdicts:
                assert verdict.at is not None
                said = {
                    "verdict_word": verdict.value,
                    "who": verdict.analyst,
                    "when": verdict.at.isoformat(),
                }
            self.site.index("mail", each.at.timestamp(), uid=each.uid, **each.fields, **said)

    def spoil(self, folder: Path) -> str | None:
        self.site.index("mail", 1767600210.0, uid="spoilt", message="hunter2 " * 1000)
        return "hunter2"


class _Judged(_OnTheDouble):
    """Verdicts are dispositions of the site's own, given in reviews."""

    @pytest.fixture(autouse=True)
    def _own_dispositions(self, site: Site) -> None:
        for number, word in OWN.items():
            site.splunk.add_disposition(int(number), word)

    def fill(self, folder: Path, incidents: Sequence[Incident]) -> None:
        for each in incidents:
            assert each.at is not None
            fields = {**each.fields, "event_id": each.uid, "search_name": "Mail"}
            self.site.index("notable", each.at.timestamp(), **fields)
            for verdict in each.verdicts:
                [number] = (each for each, word in OWN.items() if word == verdict.value)
                disposition = f"disposition:{number}"
                who = str(verdict.analyst)
                self.site.splunk.review(each.uid, user=who, disposition=disposition)

    def spoil(self, folder: Path) -> str | None:
        fields = {"event_id": "spoilt", "message": "hunter2 " * 1000}
        self.site.index("notable", 1767600210.0, **fields)
        return "hunter2"


class TestNotables(_Judged):
    source: ClassVar[dict[str, Any]] = {
        "kind": "notables",
        "dispositions": {"7": "benign", "8": "malicious"},
    }


class TestFindings(_Judged):
    source: ClassVar[dict[str, Any]] = {
        "kind": "findings",
        "dispositions": {"7": "benign", "8": "malicious"},
    }


class TestVerdictsOfTheApp(_OnTheDouble):
    """Events that have no label of their own are judged in the app."""

    source: ClassVar[dict[str, Any]] = {"kind": "search", "search": "index=mail", "uid": "uid"}

    def fill(self, folder: Path, incidents: Sequence[Incident]) -> None:
        verdicts = []
        for each in incidents:
            assert each.at is not None
            self.site.index("mail", each.at.timestamp(), uid=each.uid, **each.fields)
            verdicts += [self._document(each, verdict) for verdict in each.verdicts]
        self.site.splunk.collections["sftsec", "sftsec_verdicts"].save("nobody", verdicts)

    def _document(self, incident: Incident, verdict: Verdict) -> dict[str, Any]:
        assert verdict.at is not None
        assert incident.at is not None
        return {
            "_key": incident.uid,
            "incident_uid": incident.uid,
            "verdict": verdict.value,
            "analyst": verdict.analyst,
            "time": verdict.at.timestamp(),
            "event": json.dumps(dict(incident.fields)),
            "event_time": incident.at.timestamp(),
        }

    def spoil(self, folder: Path) -> str | None:
        self.site.index("mail", 1767600210.0, uid="spoilt", message="hunter2 " * 1000)
        return "hunter2"
