"""Detections by the event collector: whatever goes wrong, each one once."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sftsec_core.api.domain import AuditAnchor, AuditEntry, detection_uid
from sftsec_core.api.errors import ConnectorError
from sftsec_core.testing import make_detections
from tests.connectors.splunk.pushes import names, there
from tests.connectors.splunk.sites import Site


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
        detection = replace(made, uid=detection_uid(digest, event_id, ""), incident_uid=event_id)
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

    def test_end_is_read_for_one_log(self, site: Site) -> None:
        at = datetime(2026, 1, 5, 8, tzinfo=UTC)
        of = {log: [f"{log}{seq:063x}" for seq in range(1, 13)] for log in "ab"}
        connector = site.connect()
        assert connector.last_audit(of["a"][0]) is None
        for hashes in of.values():
            for start in (0, 6):  # a number is larger, not a text later
                numbered = enumerate(hashes[start : start + 6], start=start + 1)
                connector.push_audit(
                    [AuditEntry(n, at, "ann", "x.y", "z", {}, h, hashes[0]) for n, h in numbered]
                )
        assert connector.last_audit(of["a"][0]) == AuditAnchor(12, [of["a"][11]])
        forged = AuditEntry(12, at, "eve", "x.y", "z", {}, "f" * 64, of["b"][0])
        connector.push_audit([forged])
        assert connector.last_audit(of["b"][0]) == AuditAnchor(12, [of["b"][11], "f" * 64])
