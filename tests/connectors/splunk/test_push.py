"""Detections by the event collector: whatever goes wrong, each one once."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sftsec_core.api.domain import AuditEntry, Detection, PushReceipt, detection_uid
from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.testing import make_detections
from sftsec_splunk.errors import HecError
from tests.connectors.splunk.sites import HEC_TOKEN, Site

PLAIN = "33333333-3333-3333-3333-333333333333"
SMALL = {"batch_bytes": 1500}  # two or three detections a request


def names(detections: Sequence[Detection]) -> list[str]:
    return sorted(each.uid for each in detections)


def there(site: Site) -> list[str]:
    return sorted(each["detection_id"] for each in site.detections())


def taken(receipt: PushReceipt) -> list[str]:
    return sorted([*receipt.written, *receipt.duplicates])


EXPECTED = {
    "app": "sftsec", "type": "alert", "severity": "critical", "severity_id": 5,
    "signature": "T1566.002", "src": "10.0.0.1", "user": "joe", "mitre_technique_id": "T1566.002",
    "risk_object": "joe", "risk_object_type": "user", "risk_score": 96,
    "sftsec_task": "made-up", "sftsec_probability": 0.96, "sftsec_threshold": 0.5,
    "sftsec_reason": "the word prize", "orig_time": 1767600000.25, "orig_subject": "hi",
    "orig_source.ip": "10.0.0.1",
}  # fmt: skip


class TestDetectionEvent:
    def test_has_names_of_the_information_model(self, site: Site) -> None:
        fields = {"user": "joe", "source.ip": "10.0.0.1", "subject": "hi", "to": ["a", "b"]}
        at = datetime(2026, 1, 5, 8, 0, 0, 250_000, UTC)
        detection = replace(
            make_detections(1)[0], label="T1566.002", probability=0.96, fields=fields, at=at,
            explanation="the word prize",
        )  # fmt: skip
        before = time.time()
        site.connect().push([detection])
        [event] = site.splunk.events("sftsec")
        assert (event.origin.sourcetype, event.origin.source) == ("sftsec:detection", "sftsec")
        assert before - 1 <= event.time <= time.time() + 1
        [made] = site.detections()
        assert {name: made.get(name) for name in EXPECTED} == EXPECTED
        assert made["detection_id"] == detection.uid
        assert made["incident_uid"] == detection.incident_uid
        assert made["sftsec_model"] == detection.model_digest
        rows = site.splunk.search("search index=sftsec | table orig_to{} annotations.mitre_attack")
        assert rows == [{"orig_to{}": ["a", "b"], "annotations.mitre_attack": "T1566.002"}]


class TestCollector:
    def test_may_compress_and_not_acknowledge(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site.splunk.add_hec_token("plain", PLAIN, index="sftsec")
        monkeypatch.setenv("SFTSEC_TEST_HEC_TOKEN", PLAIN)
        detections = make_detections(9)
        connector = site.connect(hec={"gzip": True, "ack": False, **SMALL})
        assert sorted(connector.push(detections).written) == names(detections)
        assert there(site) == names(detections)

    @pytest.mark.parametrize("busy", [1, 3])
    def test_is_retried_while_it_is_busy(self, site: Site, busy: int) -> None:
        detections = make_detections(8)
        connector = site.connect(hec=SMALL, retry_timeout="10s")
        site.splunk.faults.hec_busy = busy
        assert sorted(connector.push(detections).written) == names(detections)
        assert there(site) == names(detections)

    def test_that_stays_busy_ends_the_push(self, site: Site) -> None:
        connector = site.connect(retry_timeout="0.3s")
        site.splunk.faults.hec_busy = 100
        with pytest.raises(ConnectorUnavailableError, match="busy"):
            connector.push(make_detections(2))
        assert there(site) == []


class TestToken:
    def test_without_acknowledgement_writes_nothing(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site.splunk.add_hec_token("plain", PLAIN, index="sftsec")
        monkeypatch.setenv("SFTSEC_TEST_HEC_TOKEN", PLAIN)
        with pytest.raises(HecError, match=r"hec\.ack: false"):
            site.connect().push(make_detections(2))
        assert there(site) == []
        detections = make_detections(2)
        assert sorted(site.connect(hec={"ack": False}).push(detections).written) == names(
            detections
        )

    def test_withdrawn_during_a_push_is_named(self, site: Site) -> None:
        detections = make_detections(9)
        site.splunk.faults.revoke_hec_after = 4
        with pytest.raises(HecError, match="the HEC token is not known, or was withdrawn"):
            site.connect(hec=SMALL).push(detections)
        written = there(site)
        assert 4 <= len(written) < 9
        site.splunk.faults.revoke_hec_after = None
        site.splunk.collector.revoked = False
        receipt = site.connect(hec=SMALL).push(detections)
        assert sorted(receipt.duplicates) == written
        assert taken(receipt) == names(detections)
        assert there(site) == names(detections)

    def test_without_its_index_is_named(self, site: Site) -> None:
        with pytest.raises(HecError, match=r"see to hec\.index"):
            site.connect(hec={"index": "elsewhere"}).push(make_detections(1))


class TestLostAnswer:
    def test_makes_no_copies(self, site: Site) -> None:
        detections = make_detections(8)
        connector = site.connect(hec=SMALL)
        connector.push(detections[:1])
        site.splunk.faults.hec_dropped = 1
        with pytest.raises(ConnectorUnavailableError, match="does not answer"):
            connector.push(detections)
        receipt = site.connect(hec=SMALL).push(detections)
        assert taken(receipt) == names(detections)
        assert there(site) == names(detections)

    def test_may_be_a_doubtful_status(
        self,
        site: Site,
    ) -> None:
        detections = make_detections(4)
        connector = site.connect()
        connector.push(detections[:1])
        site.splunk.faults.hec_statuses = [500]
        with pytest.raises(ConnectorUnavailableError, match="answers 500; some may be written"):
            connector.push(detections)
        assert taken(connector.push(detections)) == names(detections)
        assert there(site) == names(detections)


class TestAcknowledgement:
    def test_may_come_late(self, site: Site) -> None:
        site.splunk.faults.acks = 3
        detections = make_detections(5)
        assert sorted(site.connect(hec=SMALL).push(detections).written) == names(detections)

    def test_that_is_missing_means_not_written(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The collector has taken them, and the indexers have lost them."""
        detections = make_detections(3)
        connector = site.connect(hec={"ack_timeout": "0.3s"})
        site.splunk.faults.acks = None
        monkeypatch.setattr("tests.servers.splunkd.hec._take", lambda *_: None)
        with pytest.raises(
            ConnectorUnavailableError, match="took 3 events and did not acknowledge"
        ):
            connector.push(detections)
        monkeypatch.undo()
        monkeypatch.setenv("SFTSEC_TEST_HEC_TOKEN", HEC_TOKEN)
        monkeypatch.setenv("SFTSEC_TEST_PASSWORD", site.splunk.password)
        site.splunk.faults.acks = 0
        assert sorted(site.connect().push(detections).written) == names(detections)
        assert there(site) == names(detections)

    def test_that_was_lost_is_searched_for(self, site: Site) -> None:
        detections = make_detections(3)
        site.splunk.faults.acks = None
        receipt = site.connect(hec={"ack_timeout": "0.3s"}).push(detections)
        assert sorted(receipt.written) == names(detections)


class TestBadEvent:
    @pytest.mark.parametrize("numbers", [True, False])
    @pytest.mark.parametrize("bad", [0, 3, 6])
    def test_is_rejected_alone(self, site: Site, bad: int, numbers: bool) -> None:
        detections = make_detections(7)
        detections[bad] = replace(detections[bad], explanation="poison")
        site.splunk.faults.hec_bad, site.splunk.faults.hec_numbers = "poison", numbers
        receipt = site.connect(hec={"latency": "0.05s"}).push(detections)
        [(uid, reason)] = receipt.rejected
        assert (uid, reason) == (
            detections[bad].uid,
            "the event collector refuses it: Invalid data format (6)",
        )
        good = names([each for each in detections if each.uid != uid])
        assert sorted(receipt.written) == good
        assert there(site) == good

    def test_may_be_too_large(self, site: Site) -> None:
        detections = make_detections(3)
        site.splunk.faults.hec_statuses = []
        connector = site.connect()
        connector.push(detections[:1])
        site.splunk.faults.hec_statuses = [413, 413]
        receipt = connector.push(detections[1:])
        assert len(receipt.rejected) == 1
        assert "max_content_length" in receipt.rejected[0][1]
        assert len(receipt.written) == 1
        assert len(there(site)) == 2


class TestPush:
    def test_of_two_processes_makes_duplicates_known(self, site: Site) -> None:
        """Nothing can stop two at the same moment; whoever comes afterwards sees what is there."""
        detections = make_detections(6)
        halves = [detections[:3], detections[3:]]
        pushes = [threading.Thread(target=site.connect().push, args=(half,)) for half in halves]
        for each in pushes:
            each.start()
        for each in pushes:
            each.join()
        assert sorted(site.connect().push(detections).duplicates) == names(detections)
        assert there(site) == names(detections)

    def test_finds_any_uid_again(self, site: Site) -> None:
        [detection] = make_detections(1)
        odd = replace(detection, uid='odd "uid" | `x`')
        connector = site.connect()
        assert list(connector.push([odd]).written) == [odd.uid]
        assert list(connector.push([odd]).duplicates) == [odd.uid]

    def test_keeps_detections_in_the_kv_store(self, site: Site) -> None:
        detections = make_detections(3)
        site.connect().push(detections[:2])  # before it was configured
        connector = site.connect(upsert_detections=True)
        receipt = connector.push(detections)
        assert len(receipt.duplicates) == 2
        kept = {each["_key"]: each for each in site.splunk.kv("sftsec", "sftsec_detections")}
        assert sorted(kept) == names(detections)
        assert kept[detections[0].uid]["orig_host_name"] == "host-0"
        site.splunk.event_store.by_index.clear()  # the index has let go of them
        assert sorted(connector.push(detections).duplicates) == names(detections)

    def test_comments_on_a_notable(self, site: Site, caplog: pytest.LogCaptureFixture) -> None:
        event_id = site.splunk.add_notable({"search_name": "Rule"})
        site.splunk.review(event_id, disposition="disposition:1")
        [made] = make_detections(1)
        digest = made.model_digest
        detection = replace(made, uid=detection_uid(digest, event_id), incident_uid=event_id)
        connector = site.connect(notable_update=True)
        for _ in range(2):
            connector.push([detection, made])
        [notable] = site.splunk.notables
        comments = [each["comment"] for each in notable["history"] if each.get("comment")]
        assert len(comments) == 1
        assert "made-up: malicious, probability 0.900" in comments[0]
        assert notable["disposition"] == "disposition:1"
        site.splunk.faults.notable_updates_refused = 1
        other = replace(detection, uid="e" * 40)
        assert list(connector.push([other]).written) == [other.uid]
        assert "the comment on a notable was not made: Could not save" in caplog.text

    def test_names_the_missing_collector(self, site: Site) -> None:
        settings = site.settings()
        del settings["hec"]
        from sftsec_splunk.config import SplunkConfig
        from sftsec_splunk.connector import SplunkConnector

        connector = SplunkConnector(SplunkConfig.model_validate(settings))
        with pytest.raises(ConnectorError, match="configure `hec`"):
            connector.push(make_detections(1))


class TestAudit:
    def test_holds_each_entry_once(self, site: Site) -> None:
        at = datetime(2026, 1, 5, 8, tzinfo=UTC)
        entries = [
            AuditEntry(seq, at, "root", "model.promoted", "mail/live", {"run": "r"}, f"{seq:064x}")
            for seq in (1, 2)
        ]
        connector = site.connect()
        assert len(connector.push_audit(entries[:1]).written) == 1
        receipt = connector.push_audit(entries)
        assert (len(receipt.written), len(receipt.duplicates)) == (1, 1)
        found = site.splunk.events("sftsec")
        assert [each.origin.sourcetype for each in found] == ["sftsec:audit"] * 2
        assert found[0].time == at.timestamp()
        assert found[0].extracted["details.run"] == "r"
