"""The app's collection of verdicts: joined to every source, and written to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sftsec_core.api.domain import PullWindow, Verdict
from sftsec_core.api.errors import ConnectorError
from sftsec_splunk.connector import SplunkConnector
from tests.connectors.splunk.pulls import (
    AT,
    BOTH,
    LABELLED,
    UNLABELLED,
    moment,
    pulled,
    rejected,
    said,
    source,
    uids,
)
from tests.connectors.splunk.sites import Site

MAIL = source(uid="uid", label="told")


@pytest.fixture
def connector(site: Site) -> SplunkConnector:
    return site.connect(sources=[MAIL])


def document(site: Site, key: str, uid: str, verdict: str, **more: Any) -> None:
    made = {
        "_key": key,
        "incident_uid": uid,
        "verdict": verdict,
        "analyst": "ann",
        "time": AT + 100,
        "event": json.dumps({"subject": "as shown", "status": "open", "sftsec_label": "x"}),
        "event_time": AT,
        **more,
    }
    site.splunk.collections["sftsec", "sftsec_verdicts"].save("nobody", [made])


class TestRetraction:
    def test_takes_back_what_was_added(self, site: Site, connector: SplunkConnector) -> None:
        site.index("mail", AT, uid="one")
        ann, bob = Verdict("malicious", "ann", moment(AT)), Verdict("benign", "bob", moment(AT + 9))
        assert connector.add_verdicts([("one", ann), ("one", bob)]) == 2
        assert connector.retract_verdicts([("one", ann)]) == 1
        assert connector.retract_verdicts([("one", ann)]) == 0
        [incident] = pulled(connector, LABELLED)
        assert said(incident) == [("benign", "bob")]


class TestVerdict:
    def test_that_is_retracted_does_not_count(self, site: Site, connector: SplunkConnector) -> None:
        for uid in ("one", "two"):
            site.index("mail", AT, uid=uid)
            document(site, f"{uid}-1", uid, "malicious")
        document(site, "one-2", "one", "", retracts="one-1", time=AT + 200)
        document(site, "two-2", "two", "benign", analyst="bob", time=AT + 200)
        [incident] = pulled(connector, LABELLED)
        assert (incident.uid, said(incident)) == ("two", [("malicious", "ann"), ("benign", "bob")])
        assert uids(connector, UNLABELLED) == ["one"]

    def test_with_an_unreadable_time_is_counted(
        self, site: Site, connector: SplunkConnector
    ) -> None:
        site.index("mail", AT, uid="one")
        document(site, "k", "one", "malicious")
        document(site, "l", "one", "benign", time=1000)
        [incident] = pulled(connector, LABELLED)
        assert said(incident) == [("malicious", "ann")]
        [refused] = rejected(connector, LABELLED)
        assert refused.where == "one"
        assert refused.reason.startswith("a verdict on it: 'time' is outside 1990 to tomorrow")

    def test_beside_another_gives_one_incident(
        self, site: Site, connector: SplunkConnector
    ) -> None:
        site.index("mail", AT, uid="one", told="spam", subject="s")
        document(site, "k", "one", "malicious")
        document(site, "l", "untimed", "malicious", event_time=None)
        site.index("mail", AT + 5, uid="untimed", told="spam")
        for window in (LABELLED, BOTH):
            assert uids(connector, window) == ["one", "untimed"]
            incident = pulled(connector, window)[0]
            assert said(incident) == [("spam", None), ("malicious", "ann")]
            assert incident.fields["subject"] == "s"

    def test_stays_with_many_on_one_incident(self, site: Site) -> None:
        connector = site.connect(sources=[MAIL], page_size=2)
        for number in range(7):
            document(site, f"k{number}", f"uid-{number // 5}", "malicious", time=AT + number)
        assert [(each.uid, len(each.verdicts)) for each in pulled(connector, LABELLED)] == [
            ("uid-0", 5),
            ("uid-1", 2),
        ]

    def test_needs_the_app(self, site: Site) -> None:
        for name in ("sftsec_verdicts", "sftsec_queue"):
            site.drop_collection(name)
        site.index("mail", AT, uid="one", told="spam")
        connector = site.connect(sources=[MAIL])
        assert uids(connector, LABELLED) == ["one"]
        with pytest.raises(ConnectorError, match="install the app `sftsec`"):
            connector.add_verdicts([("one", Verdict("benign"))])

    def test_is_added_once_in_allowed_batches(self, site: Site, connector: SplunkConnector) -> None:
        site.set_kv_cap(3)
        verdicts = [(f"uid-{n}", Verdict("benign", "ann", moment(AT + n), "so")) for n in range(8)]
        assert connector.add_verdicts(verdicts[:2]) == 2
        assert connector.add_verdicts(verdicts) == 6
        assert connector.add_verdicts(verdicts) == 0
        kept = site.splunk.kv("sftsec", "sftsec_verdicts")
        assert len(kept) == 8
        first = min(kept, key=lambda each: str(each["incident_uid"]))
        assert (first["source"], first["analyst"], first["retracts"]) == ("cli", "ann", "")
        saves = [each for each in site.splunk.requests if "/batch_save" in each]
        assert len(saves) == 3


class TestSnapshot:
    def test_is_used_for_a_missing_event(self, site: Site, connector: SplunkConnector) -> None:
        document(site, "k", "gone", "malicious", automated=True, reason="by rule")
        document(site, "j", "empty", "malicious", event="")
        [incident] = pulled(connector, LABELLED)
        assert (incident.uid, incident.at) == ("gone", moment(AT))
        assert dict(incident.fields) == {"subject": "as shown", "status": "open"}
        assert incident.verdicts == (
            Verdict("malicious", "ann", moment(AT + 100), "by rule", True),
        )
        assert [each.where for each in rejected(connector, LABELLED)] == ["empty"]
        assert uids(connector, BOTH) == []
        both = site.connect(sources=[MAIL, {"kind": "verdicts"}])
        assert uids(both, BOTH) == ["gone"]

    def test_is_bounded_by_the_window(self, site: Site, connector: SplunkConnector) -> None:
        document(site, "k", "gone", "malicious")
        inside = PullWindow(since=moment(AT), until=moment(AT + 1), labelled=True)
        assert uids(connector, inside) == ["gone"]
        assert uids(connector, PullWindow(since=moment(AT + 1), labelled=True)) == []

    def test_may_be_too_large(self, site: Site) -> None:
        for number in range(8):
            event = json.dumps({"text": "x" * (50_000 if number == 3 else 4000)})
            document(site, f"k{number}", f"uid-{number}", "malicious", event=event)
        connector = site.connect(sources=[MAIL], max_page_bytes=20_000)
        kept = [f"uid-{number}" for number in range(8) if number != 3]
        assert uids(connector, LABELLED) == kept
        assert [each.where for each in rejected(connector, LABELLED)] == ["uid-3"]
        site.index("mail", AT, uid="uid-3", text="short")
        assert rejected(connector, UNLABELLED) == []
        assert uids(connector, UNLABELLED) == []
