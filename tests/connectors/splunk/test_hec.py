"""The event collector: batches, acknowledgements, and one bad event alone refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sftsec_core.api.domain import PushReceipt
from sftsec_core.api.errors import ConnectorUnavailableError
from sftsec_core.testing import make_detections
from sftsec_splunk.errors import HecError
from tests.connectors.splunk.pushes import names, there
from tests.connectors.splunk.sites import HEC_TOKEN, Site
from tests.core.explained import explained

PLAIN = "33333333-3333-3333-3333-333333333333"


SMALL = {"batch_bytes": 1500}  # two or three detections a request


def taken(receipt: PushReceipt) -> list[str]:
    return sorted([*receipt.written, *receipt.duplicates])


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
        with pytest.raises(HecError, match=r"switch it on for the token, or set hec\.ack: auto"):
            site.connect(hec={"ack": True}).push(make_detections(2))
        assert there(site) == []
        detections = make_detections(2)
        assert sorted(site.connect(hec={"ack": False}).push(detections).written) == names(
            detections
        )

    def test_tells_whether_it_acknowledges(
        self, site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        site.splunk.faults.acks = 1
        detections = make_detections(5)
        acknowledged = site.connect(hec={"ack": "auto"})
        assert sorted(acknowledged.push(detections[:2]).written) == names(detections[:2])
        assert site.splunk.collector.asked, "it waits where the token acknowledges"
        site.splunk.add_hec_token("plain", PLAIN, index="sftsec")
        monkeypatch.setenv("SFTSEC_TEST_HEC_TOKEN", PLAIN)
        plain = site.connect(hec={"ack": "auto", **SMALL})
        assert list(plain.check()) == []
        assert taken(plain.push(detections)) == names(detections)
        said = [each for each in caplog.messages if "gives no acknowledgement" in each]
        assert len(said) == 1
        assert there(site) == names(detections)

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
        detections[bad] = replace(detections[bad], explanation=explained("poison"))
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
