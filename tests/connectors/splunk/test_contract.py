"""Whatever a source is, the connector keeps the contract."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

import sftsec_splunk.hooks
from sftsec_core.api.contracts import ConnectorSpec
from sftsec_core.api.domain import Detection, Incident, Verdict
from sftsec_core.testing import ConnectorContract, Platform, StoredDetection
from sftsec_splunk.mapping import event_of
from tests.connectors.splunk.sites import HEC_TOKEN, own_site
from tests.servers.relay import Relay

DISPOSITIONS = {"7": "benign", "8": "malicious"}


class SplunkPlatform(Platform):
    """The double behind relays, with an index of mail."""

    source: ClassVar[dict[str, Any]]

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.stack = ExitStack()
        patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        self.site = self.stack.enter_context(own_site(patch))
        self.splunk = self.site.splunk
        urls = (self.splunk.url, self.splunk.hec_url)
        self.relays = [self.stack.enter_context(closing(Relay(url))) for url in urls]
        self.indexed_at = 0.0

    def arrival(self, at: float) -> float:
        """When an event is indexed: after all that were before it, whatever its own time is."""
        self.indexed_at = max(self.indexed_at + 1, at)
        return self.indexed_at

    def spec(self) -> ConnectorSpec[Any]:
        return sftsec_splunk.hooks.sftsec_register_connectors()[0]

    def options(self) -> Mapping[str, Any]:
        management, collector = self.relays
        return self.site.settings(
            url=management.url,
            hec={"url": collector.url},
            page_size=self.page_size,
            slice_events=10,
            sources=[self.source],
            max_field_bytes=1 << 15,
            retry_timeout="0.2s",
        )

    def pushed(self) -> Sequence[StoredDetection]:
        return [
            StoredDetection(
                each["detection_id"],
                each["incident_uid"],
                each["sftsec_label"],
                each["sftsec_probability"],
                each["sftsec_labels"],
            )
            for each in self.site.detections()
        ]

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        with self.relays[0].away(), self.relays[1].away():
            yield

    def requested(self) -> Sequence[str]:
        return [str(each["incident_uid"]) for each in self.splunk.kv("sftsec", "sftsec_queue")]

    def secrets(self) -> Sequence[str]:
        return [HEC_TOKEN, self.splunk.password]

    def close(self) -> None:
        self.stack.close()


class SearchPlatform(SplunkPlatform):
    """Events with the verdict in a field."""

    keeps_history: ClassVar[bool] = False
    source: ClassVar[dict[str, Any]] = {
        "kind": "search",
        "search": "index=mail",
        "label": "verdict_word",
        "analyst": "who",
        "verdict_time": "when",
        "uid": "uid",
    }

    def fill(self, incidents: Sequence[Incident]) -> None:
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
            at = each.at.timestamp()
            fields: dict[str, Any] = {"uid": each.uid, **each.fields, **said}
            self.site.index("mail", at, indexed_at=self.arrival(at), **fields)

    def named(self, uid: str) -> str:
        return f"mail#{uid}"

    def spoil(self) -> str:
        self.site.index("mail", 1767600210.0, uid="spoilt", message="hunter2 " * 10_000)
        return "hunter2"


class ReviewPlatform(SplunkPlatform):
    """Verdicts are dispositions of the site's own, given in reviews."""

    keeps_verdict_times: ClassVar[bool] = False  # a review has the time at which it is made

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        for number, word in DISPOSITIONS.items():
            self.splunk.add_disposition(int(number), word)

    def fill(self, incidents: Sequence[Incident]) -> None:
        for each in incidents:
            assert each.at is not None
            fields: dict[str, Any] = {**each.fields, "event_id": each.uid, "search_name": "Mail"}
            at = each.at.timestamp()
            self.site.index("notable", at, indexed_at=self.arrival(at), **fields)
            for verdict in each.verdicts:
                self.add_verdict(each.uid, verdict)

    def add_verdict(self, uid: str, verdict: Verdict) -> None:
        [number] = (each for each, word in DISPOSITIONS.items() if word == verdict.value)
        self.splunk.review(uid, user=str(verdict.analyst), disposition=f"disposition:{number}")

    def add_detection_verdict(self, detection: Detection, verdict: Verdict) -> None:
        """Judge the notable that a correlation search makes of the detection."""
        event = {k: v for k, v in event_of(detection).items() if v not in ("", None)}
        uid = f"ours@@notable@@{detection.uid}"
        fields = {**event, "event_id": uid, "search_name": "Ours"}
        self.site.index("notable", 1767600300.0, **fields)
        self.add_verdict(uid, verdict)

    def spoil(self) -> str:
        fields: dict[str, Any] = {"event_id": "spoilt", "message": "hunter2 " * 10_000}
        self.site.index("notable", 1767600210.0, **fields)
        return "hunter2"


class NotablePlatform(ReviewPlatform):
    """Notables of Enterprise Security 7."""

    source: ClassVar[dict[str, Any]] = {"kind": "notables", "dispositions": DISPOSITIONS}


class FindingPlatform(ReviewPlatform):
    """Findings of Enterprise Security 8."""

    read_ahead: ClassVar[int] = 10  # the API's own pages are larger
    finds_late: ClassVar[bool] = False  # one that is later than `late`: test_findings.py
    source: ClassVar[dict[str, Any]] = {
        "kind": "findings",
        "dispositions": DISPOSITIONS,
        "late": "2m",
    }


class AppPlatform(SplunkPlatform):
    """Events that have no label of their own are judged in our app."""

    source: ClassVar[dict[str, Any]] = {
        "kind": "search",
        "search": "index=mail",
        "uid": "uid",
        "id_scope": "source",
    }

    def fill(self, incidents: Sequence[Incident]) -> None:
        for each in incidents:
            assert each.at is not None
            at = each.at.timestamp()
            self.site.index("mail", at, indexed_at=self.arrival(at), uid=each.uid, **each.fields)
            for number, verdict in enumerate(each.verdicts):
                self._say(f"{each.uid}-{number}", each, verdict)

    def add_verdict(self, uid: str, verdict: Verdict) -> None:
        self._save({"_key": f"{uid}-later", "incident_uid": uid}, verdict)

    def add_detection_verdict(self, detection: Detection, verdict: Verdict) -> None:
        """The page names the detection that was shown, and the event that it is about."""
        body = {
            "_key": f"{detection.uid}-judged",
            "incident_uid": detection.incident_uid,
            "detection_id": detection.uid,
        }
        self._save(body, verdict)

    def _say(self, key: str, incident: Incident, verdict: Verdict) -> None:
        assert incident.at is not None
        body = {
            "_key": key,
            "incident_uid": incident.uid,
            "event": json.dumps(dict(incident.fields)),
            "event_time": incident.at.timestamp(),
        }
        self._save(body, verdict)

    def _save(self, body: Mapping[str, Any], verdict: Verdict) -> None:
        assert verdict.at is not None
        at = verdict.at.timestamp()
        said = {"verdict": verdict.value, "analyst": verdict.analyst, "time": at}
        self.splunk.collections["sftsec", "sftsec_verdicts"].save("nobody", [{**body, **said}])

    def spoil(self) -> str:
        self.site.index("mail", 1767600210.0, uid="spoilt", message="hunter2 " * 10_000)
        return "hunter2"


class TestSearch(ConnectorContract):
    """A search whose events have a label."""

    platform = SearchPlatform


class TestNotables(ConnectorContract):
    """Notables."""

    platform = NotablePlatform


class TestFindings(ConnectorContract):
    """Findings."""

    platform = FindingPlatform


class TestVerdictsOfTheApp(ConnectorContract):
    """A search without a label, and our app's collection."""

    platform = AppPlatform
