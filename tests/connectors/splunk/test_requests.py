"""The queue of incidents that wait for a verdict."""

from __future__ import annotations

import hashlib
import json

import pytest

from sftsec_core.api.domain import LabelRequest, Verdict
from sftsec_core.api.errors import ConnectorError
from sftsec_core.testing import make_label_requests
from tests.connectors.splunk.pulls import AT, moment
from tests.connectors.splunk.sites import Site


def request(uid: str) -> LabelRequest:
    fields = {"subject": "hi", "to": ["a"]}
    return LabelRequest(uid, "mail", "malicious", 0.51, "not sure", moment(AT), fields)


class TestLabelQueue:
    def test_says_why_a_label_is_wanted(self, site: Site) -> None:
        connector = site.connect()
        assert connector.request_labels([request("one"), request("one")]) == 1
        [document] = site.splunk.kv("sftsec", "sftsec_queue")
        assert document.pop("requested") == pytest.approx(site.splunk.now(), abs=10)
        assert json.loads(document.pop("event")) == {"subject": "hi", "to": ["a"]}
        assert document == {
            "_key": hashlib.sha256(b"one").hexdigest()[:40],
            "_user": "nobody",
            "incident_uid": "one",
            "task": "mail",
            "label": "malicious",
            "probability": 0.51,
            "reason": "not sure",
            "event_time": AT,
        }

    def test_holds_open_requests_once(self, site: Site) -> None:
        connector = site.connect()
        assert connector.request_labels([request("one"), request("two")]) == 2
        connector.add_verdicts([("one", Verdict("benign", "ann")), ("three", Verdict("benign"))])
        assert connector.request_labels([request(uid) for uid in ("two", "three", "four")]) == 1
        waiting = {each["incident_uid"] for each in site.splunk.kv("sftsec", "sftsec_queue")}
        assert waiting == {"two", "four"}

    def test_claims_no_reason_for_a_uid(self, site: Site) -> None:
        connector = site.connect()
        unexplained = [LabelRequest(uid, "", "", 0.0, "") for uid in ("one", "two", "one")]
        assert connector.request_labels(unexplained) == 2
        found = site.splunk.kv("sftsec", "sftsec_queue")
        assert [{"task", "label", "probability"} & set(each) for each in found] == [set(), set()]

    def test_is_filled_in_allowed_batches(self, site: Site) -> None:
        site.set_kv_cap(50)
        connector = site.connect()
        uids = [f"uid-{number}" for number in range(260)]
        assert connector.request_labels(make_label_requests(uids)) == 260
        assert connector.request_labels(make_label_requests(uids)) == 0
        assert len(site.splunk.kv("sftsec", "sftsec_queue")) == 260

    def test_needs_the_app(self, site: Site) -> None:
        site.drop_collection("sftsec_queue")
        with pytest.raises(ConnectorError, match="install the app `sftsec`"):
            site.connect().request_labels(make_label_requests(["one"]))
