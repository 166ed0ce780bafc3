"""Enterprise Security 8: findings by the public API, and the investigations that judge them."""

from __future__ import annotations

from typing import Any

import pytest

from sftsec_core.sdk.cursor import PullCursor
from sftsec_splunk.connector import SplunkConnector
from sftsec_splunk.identity import key_of
from sftsec_splunk.positions import SplunkPosition
from tests.connectors.splunk.notables import raised
from tests.connectors.splunk.pulls import (
    AT,
    LABELLED,
    UNLABELLED,
    moment,
    pulled,
    rejected,
    said,
    uids,
)
from tests.connectors.splunk.sites import Site
from tests.servers.splunkd.caller import Caller

V2 = "/servicesNS/nobody/missioncontrol/public/v2"


@pytest.fixture
def connector(site: Site) -> SplunkConnector:
    site.splunk.add_user("ann", "secret12", ["admin"])
    return site.connect(sources=[{"kind": "findings"}], page_size=3)


@pytest.fixture
def caller(site: Site) -> Caller:
    made = Caller(site.splunk)
    made.login()
    return made


def finding(site: Site, number: float = 0, **fields: Any) -> str:
    name = f"f-{number:03.0f}@@notable@@t"
    given = {"rule_title": "Odd login", "src": "10.0.0.1", "event_id": name, **fields}
    site.splunk.add_notable(given, AT + number)
    return str(given["event_id"])


class TestFinding:
    def test_is_judged_by_its_reviews(self, site: Site, connector: SplunkConnector) -> None:
        name = finding(site)
        other = finding(site, 1)
        site.splunk.review(name, user="ann", disposition="disposition:1", comment="why")
        [incident] = pulled(connector, LABELLED)
        assert (incident.uid, said(incident)) == (name, [("true_positive", "ann")])
        assert incident.fields["rule_title"] == "Odd login"
        assert [each for each in incident.fields if each.startswith(("disposition", "owner"))] == []
        assert uids(connector, UNLABELLED) == [other]

    def test_is_judged_by_its_investigation(
        self, site: Site, connector: SplunkConnector, caller: Caller
    ) -> None:
        names = [finding(site, number) for number in range(3)]
        made = {"name": "A case", "finding_ids": names[:2]}
        status, answer = caller.call("POST", f"{V2}/investigations", document=made)
        assert status in {200, 201}, answer
        change = {"disposition": "disposition:3", "owner": "ann"}
        path = f"{V2}/investigations/{answer['investigation_guid']}"
        assert caller.call("POST", path, document=change)[0] == 200
        found = pulled(connector, LABELLED)
        assert [(each.uid, said(each)) for each in found] == [
            (name, [("false_positive", "ann")]) for name in names[:2]
        ]
        site.splunk.investigations[0].updated = 1000.0
        assert pulled(connector, LABELLED) == []
        refused = rejected(connector, LABELLED)
        assert [each.where for each in refused] == names[:2]
        assert "'update_time' is outside 1990 to tomorrow" in refused[0].reason
        assert found[0].verdicts[0].reason is not None
        assert found[0].verdicts[0].reason.startswith("investigation ")
        source = {"kind": "findings", "investigations": False}
        assert uids(site.connect(sources=[source]), LABELLED) == []

    def test_of_ours_labels_its_event(self, site: Site, connector: SplunkConnector) -> None:
        name = finding(site, 5, **raised(site, "mail-1", AT - 60), event_id="made@@notable@@of")
        site.splunk.review("made@@notable@@of", user="ann", disposition="disposition:1")
        assert name != "mail-1"
        [incident] = pulled(connector, LABELLED)
        assert (incident.uid, incident.at) == ("mail-1", moment(AT - 60))
        assert (dict(incident.fields), said(incident)) == (
            {"subject": "win a prize", "user": "joe"},
            [("true_positive", "ann")],
        )
        assert uids(connector, UNLABELLED) == []

    def test_needs_version_8(self, site: Site, connector: SplunkConnector) -> None:
        assert list(connector.check()) == []
        site.splunk.es = 7
        [line] = connector.check()
        assert "findings cannot be read, which need version 8" in line


class TestLateFinding:
    def test_is_read_by_the_next_pull(self, site: Site, connector: SplunkConnector) -> None:
        names = [finding(site, number) for number in range(5)]
        *_, last = connector.pull(UNLABELLED)
        times = (-3600, 2, -9e4)
        late = [finding(site, each, event_id=f"late{each}@@n@@t") for each in times]
        new = finding(site, 7)
        pages = list(connector.pull(UNLABELLED, cursor=last.cursor))
        assert [each.uid for page in pages for each in page.incidents] == [*late[:2], new]
        for place, page in enumerate(pages):
            rest = list(connector.pull(UNLABELLED, cursor=page.cursor))
            after = [each.uid for one in pages[place + 1 :] for each in one.incidents]
            assert [each.uid for one in rest for each in one.incidents] == after
        assert len(names) == 5

    def test_is_not_known_to_an_old_cursor(self, site: Site, connector: SplunkConnector) -> None:
        names = [finding(site, number) for number in range(4)]
        old = SplunkPosition(int((AT + 1) * 1000), key_of(names[1]))
        cursor = PullCursor({"findings": old}).encode()
        [page] = connector.pull(UNLABELLED, cursor=cursor)
        assert [each.uid for each in page.incidents] == names[2:]
        finding(site, 0, event_id="late@@n@@t")
        [after] = connector.pull(UNLABELLED, cursor=page.cursor)
        assert [each.uid for each in after.incidents] == ["late@@n@@t"]


class TestDefault:
    def test_of_an_investigation_is_no_verdict(
        self, site: Site, connector: SplunkConnector, caller: Caller
    ) -> None:
        name = finding(site)
        made = {"name": "A case", "finding_ids": [name], "disposition": "disposition:6"}
        status, answer = caller.call("POST", f"{V2}/investigations", document=made)
        assert status in {200, 201}, answer
        assert site.splunk.investigations[0].values["disposition"] == "disposition:6"
        assert uids(connector, LABELLED) == []
        assert uids(connector, UNLABELLED) == [name]


class TestSlices:
    def test_bring_each_finding_once_in_order(
        self, site: Site, connector: SplunkConnector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sftsec_splunk.findings._SLICE", 4)
        monkeypatch.setattr("sftsec_splunk.findings._PAGE", 2)
        names = [finding(site, number) for number in range(15)]
        assert uids(connector) == names
