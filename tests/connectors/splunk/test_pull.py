"""The join of events, detections and verdicts: what is read when, and by which name."""

from __future__ import annotations

import pytest

from sftsec_splunk.connector import SplunkConnector
from sftsec_splunk.pull import spans_of
from sftsec_splunk.searches import TimeSpan
from tests.connectors.splunk.notables import FALSE, TRUE, made_of_ours, review, reviewed
from tests.connectors.splunk.pulls import (
    AT,
    BOTH,
    LABELLED,
    UNLABELLED,
    moment,
    pulled,
    said,
    source,
    uids,
)
from tests.connectors.splunk.sites import Site


@pytest.fixture
def connector(site: Site) -> SplunkConnector:
    return reviewed(site)


class TestDetectionNotable:
    def test_labels_its_source_event(self, site: Site) -> None:
        site.index("mail", AT, uid="mail-1", subject="win a prize", body="all of it")
        review(site, made_of_ours(site, "mail-1"), "admin", disposition=TRUE)
        sources = [{"kind": "notables"}, source(uid="uid")]
        [incident] = pulled(site.connect(sources=sources), LABELLED)
        assert (incident.uid, incident.at) == ("mail-1", moment(AT))
        assert incident.fields["body"] == "all of it"
        assert said(incident) == [("true_positive", "admin")]

    def test_stands_in_for_a_missing_event(self, site: Site, connector: SplunkConnector) -> None:
        review(site, made_of_ours(site, "mail-1"), "admin", disposition=FALSE)
        [incident] = pulled(connector, LABELLED)
        assert (incident.uid, incident.at) == ("mail-1", moment(AT))
        assert dict(incident.fields) == {"subject": "win a prize", "user": "joe"}
        assert said(incident) == [("false_positive", "admin")]

    def test_is_never_scored(self, site: Site, connector: SplunkConnector) -> None:
        made_of_ours(site, "mail-1")
        assert uids(connector, UNLABELLED) == []
        assert uids(connector, BOTH) == []

    def test_joins_others_of_one_event(self, site: Site, connector: SplunkConnector) -> None:
        for user, disposition in (("ann", TRUE), ("bob", FALSE)):
            review(site, made_of_ours(site, "mail-1"), user, disposition=disposition)
            site.splunk.clock_skew_s += 1
        [incident] = pulled(connector, LABELLED)
        assert {word for word, _ in said(incident)} == {"true_positive", "false_positive"}

    def test_labels_the_attack_that_it_is_about(self, site: Site) -> None:
        """Two attacks in one network flow have the flow's uid; one more is not judged."""
        for number, disposition in enumerate((TRUE, FALSE, None)):
            at = AT + 600 * number
            site.index("mail", at, uid="flow", body=f"attack {number}")
            told = made_of_ours(site, "flow", at)
            if disposition:
                review(site, told, "admin", disposition=disposition)
        sources = [{"kind": "notables"}, source(uid="uid")]
        found = pulled(site.connect(sources=sources), LABELLED)
        assert sorted((each.fields["body"], said(each)[0][0]) for each in found) == [
            ("attack 0", "true_positive"),
            ("attack 1", "false_positive"),
        ]


class TestYoungEvent:
    def test_waits_until_it_has_settled(self, site: Site) -> None:
        now = site.splunk.now()
        for age in (30, 300):
            site.index("mail", now - age, uid=f"age-{age}")
        connector = site.connect(sources=[source(uid="uid")], settle="2m")
        assert uids(connector, UNLABELLED) == ["age-300"]
        assert uids(connector, BOTH) == ["age-300", "age-30"]


class TestSpans:
    def test_are_narrow_for_distant_events(self) -> None:
        times = {"late": AT + 90_000, "one": AT, "two": AT + 3600}
        assert spans_of(times) == [
            (["one", "two"], TimeSpan(AT - 1, AT + 3601)),
            (["late"], TimeSpan(AT + 89_999, AT + 90_001)),
        ]
        assert spans_of({}) == []

    def test_are_few_for_many_events(self) -> None:
        times = {f"uid-{n:02}": AT + 10_000 * n for n in range(20)}
        spans = spans_of(times)
        assert [len(uids) for uids, _ in spans] == [3, 3, 3, 3, 3, 3, 2]
        assert [uid for uids, _ in spans for uid in uids] == sorted(times)
        assert spans[-1] == (["uid-18", "uid-19"], TimeSpan(AT + 179_999, AT + 190_001))
