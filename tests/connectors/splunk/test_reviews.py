"""Enterprise Security 7: notables, and the reviews that judge them."""

from __future__ import annotations

import pytest

from sftsec_core.api.domain import PullWindow
from sftsec_core.api.errors import ConnectorError
from sftsec_splunk.config import UNDETERMINED
from sftsec_splunk.connector import SplunkConnector
from tests.connectors.splunk.notables import (
    BENIGN,
    FALSE,
    NONE,
    TRUE,
    notable,
    review,
    reviewed,
)
from tests.connectors.splunk.pulls import (
    AT,
    BOTH,
    LABELLED,
    UNLABELLED,
    moment,
    pulled,
    rejected,
    said,
    uids,
)
from tests.connectors.splunk.sites import Site


@pytest.fixture
def connector(site: Site) -> SplunkConnector:
    return reviewed(site)


class TestReview:
    def test_that_relabels_shows_both_analysts(
        self, site: Site, connector: SplunkConnector
    ) -> None:
        name = notable(site)
        review(site, name, "ann", disposition=TRUE, status="5", comment="it is bad")
        review(site, name, "bob", disposition=BENIGN)
        [incident] = pulled(connector, LABELLED)
        assert (incident.uid, incident.at) == (name, moment(AT))
        assert said(incident) == [("true_positive", "ann"), ("benign_positive", "bob")]
        first, second = incident.verdicts
        assert (first.reason, first.automated) == ("it is bad", False)
        assert first.at is not None
        assert second.at is not None
        assert first.at < second.at

    def test_of_a_wrong_clock_is_counted(self, site: Site, connector: SplunkConnector) -> None:
        name, other = notable(site), notable(site, 1)
        review(site, other, "ann", disposition=TRUE)
        site.splunk.clock_skew_s += 9e7
        review(site, name, "ann", disposition=TRUE)
        site.splunk.clock_skew_s -= 9e7
        assert uids(connector, LABELLED) == [other]
        [refused] = rejected(connector, LABELLED)
        assert (refused.where, refused.reason.partition(":")[0]) == (
            name,
            "'time' is outside 1990 to tomorrow",
        )

    def test_without_a_change_is_no_verdict(self, site: Site, connector: SplunkConnector) -> None:
        name = notable(site)
        review(site, name, "ann", disposition=TRUE)
        review(site, name, "bob", status="5", owner="bob", comment="closing it")
        [incident] = pulled(connector, LABELLED)
        assert said(incident) == [("true_positive", "ann")]

    def test_that_removes_the_disposition_retracts(
        self, site: Site, connector: SplunkConnector
    ) -> None:
        name = notable(site)
        review(site, name, "ann", disposition=TRUE)
        review(site, name, "ann", disposition=NONE)
        assert uids(connector, LABELLED) == []
        assert uids(connector, UNLABELLED) == [name]

    def test_is_mapped_by_the_configuration(self, site: Site) -> None:
        site.splunk.add_disposition(7, "Phishing simulation")
        site.splunk.add_disposition(8, "Duplicate")
        names = [notable(site, number) for number in range(3)]
        for name, number in zip(names, (7, 8, 3), strict=True):
            review(site, name, "admin", disposition=f"disposition:{number}")
        source = {
            "kind": "notables",
            "dispositions": {"3": "spam", "8": ""},
            "automation": ["admin"],
        }
        found = pulled(site.connect(sources=[source]), LABELLED)
        assert [(each.uid, said(each)) for each in found] == [
            (names[0], [("disposition:7", "admin")]),
            (names[2], [("spam", "admin")]),
        ]
        assert all(each.verdicts[0].automated for each in found)
        assert uids(site.connect(sources=[source]), UNLABELLED) == [names[1]]


class TestDefault:
    """A disposition that nobody chose is no verdict: Enterprise Security 8 begins with 6."""

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ([UNDETERMINED], []),
            ([UNDETERMINED, UNDETERMINED], []),
            ([UNDETERMINED, TRUE], ["true_positive"]),
            ([TRUE, UNDETERMINED], ["true_positive", "undetermined"]),
            ([NONE, UNDETERMINED], ["undetermined"]),
            ([UNDETERMINED, NONE, FALSE], ["false_positive"]),
            (["", "disposition:5"], ["undetermined"]),
            (["disposition:4", "disposition:4"], ["false_positive"]),
        ],
    )
    def test_is_no_verdict(
        self, site: Site, connector: SplunkConnector, changes: list[str], words: list[str]
    ) -> None:
        name = notable(site)
        for number, each in enumerate(changes):
            review(site, name, "ann", disposition=each, comment=f"look {number}", status="2")
        found = pulled(connector, LABELLED)
        assert [word for one in found for word, _ in said(one)] == words
        assert uids(connector, UNLABELLED) == ([] if words else [name])

    def test_counts_where_it_is_configured(self, site: Site) -> None:
        review(site, notable(site), "admin", disposition=UNDETERMINED)
        source = {"kind": "notables", "dispositions": {"6": "unclear"}}
        connector = site.connect(sources=[source])
        assert [said(each) for each in pulled(connector, LABELLED)] == [[("unclear", "admin")]]
        assert uids(connector, UNLABELLED) == []

    def test_of_a_fresh_notable_is_scored(self, site: Site, connector: SplunkConnector) -> None:
        name = notable(site, disposition=UNDETERMINED)
        assert uids(connector, UNLABELLED) == [name]
        assert uids(connector, LABELLED) == []


class TestNotable:
    def test_has_no_field_of_a_review(self, site: Site, connector: SplunkConnector) -> None:
        name = notable(site, status_description="x", comment="evil", owner="ann")
        review(site, name, "ann", disposition=TRUE, status="5", urgency="low", comment="c")
        [incident] = pulled(connector, LABELLED)
        assert incident.fields["src"] == "10.0.0.1"
        assert incident.fields["severity"] == "high"
        told = ("status", "owner", "disposition", "comment", "urgency", "review", "_raw", "sftsec_")
        assert [each for each in incident.fields if each.startswith(told)] == []
        with pytest.raises(ConnectorError, match="'status_label' holds what analysts said"):
            pulled(connector, PullWindow(fields=("src", "status_label")))

    def test_closed_without_a_verdict_is_not_scored(
        self, site: Site, connector: SplunkConnector
    ) -> None:
        names = [notable(site, number) for number in range(2)]
        review(site, names[0], "ann", status="5")
        assert uids(connector, UNLABELLED) == [names[1]]
        assert uids(connector, BOTH) == names

    def test_has_only_the_wanted_fields(self, site: Site, connector: SplunkConnector) -> None:
        review(site, notable(site, dest="h"), "ann", disposition=TRUE)
        [incident] = pulled(connector, PullWindow(labelled=True, fields=("src", "nothing")))
        assert dict(incident.fields) == {"src": "10.0.0.1"}
        assert incident.verdicts

    def test_is_selected_by_terms(self, site: Site) -> None:
        notable(site, search_name="Other")
        name = notable(site, search_name="Phishing mail")
        source = {"kind": "notables", "where": 'search_name="Phishing*"'}
        assert uids(site.connect(sources=[source])) == [name]
