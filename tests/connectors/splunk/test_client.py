"""Splunk under faults while it is read: nothing is lost, and nothing comes twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sftsec_core.api.domain import IncidentPage
from sftsec_core.api.errors import ConnectorUnavailableError
from sftsec_core.sdk.errors import AccessError, TlsError
from sftsec_core.testing import make_detections
from sftsec_splunk.connector import SplunkConnector
from tests.connectors.splunk.mails import MAIL, NAMES, mail_connector, names, read
from tests.connectors.splunk.pulls import AT, BOTH, LABELLED, uids
from tests.connectors.splunk.sites import Site, own_site
from tests.servers.splunkd.state import Splunkd


@pytest.fixture
def connector(site: Site) -> SplunkConnector:
    return mail_connector(site)


def restart(splunk: Splunkd) -> None:
    """Sessions and jobs are gone, as after a restart."""
    splunk.expire_sessions()
    splunk.jobs.by_sid.clear()


TROUBLES: dict[str, Callable[[Splunkd], None]] = {
    "the session expires": lambda splunk: splunk.expire_sessions(),
    "the connection is lost": lambda splunk: setattr(splunk.faults, "dropped", 2),
    "it is busy": lambda splunk: splunk.faults.statuses.extend([503, 503]),
    "it restarts": restart,
    "a job is gone": lambda splunk: splunk.jobs.by_sid.clear(),
}


class TestPull:
    @pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
    @pytest.mark.parametrize("after", [0, 1, 3])
    def test_resumes_after_every_fault(
        self, site: Site, connector: SplunkConnector, trouble: Callable[[Splunkd], None], after: int
    ) -> None:
        found = []
        for number, page in enumerate(connector.pull(BOTH)):
            found += [each.uid for each in page.incidents]
            if number == after:
                trouble(site.splunk)
        assert found == NAMES

    def test_ends_and_resumes_from_its_cursor(self, site: Site, connector: SplunkConnector) -> None:
        impatient = site.connect(sources=[MAIL], page_size=3, slice_events=8, retry_timeout="0.3s")
        pages: list[IncidentPage] = []
        with pytest.raises(ConnectorUnavailableError, match="does not answer"):
            read(impatient, pages, lambda: setattr(site.splunk.faults, "dropped", 50))
        site.splunk.faults.dropped = 0
        pages += connector.pull(BOTH, cursor=pages[-1].cursor)
        assert names(pages) == NAMES

    def test_waits_for_the_kv_store(self, site: Site, connector: SplunkConnector) -> None:
        site.splunk.faults.kv_statuses = [503, 503]
        assert uids(connector, LABELLED) == []
        assert site.splunk.faults.kv_statuses == []


class TestPush:
    def test_makes_no_copies_after_a_restart(self, site: Site, connector: SplunkConnector) -> None:
        detections = make_detections(3)
        connector.push(detections)
        restart(site.splunk)
        assert len(connector.push(detections).duplicates) == 3


class TestLogin:
    def test_does_not_show_a_wrong_password(
        self, site: Site, connector: SplunkConnector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SFTSEC_TEST_PASSWORD", "hunter2")
        with pytest.raises(AccessError, match="the credentials are not accepted") as caught:
            uids(connector)
        assert "hunter2" not in repr(caught.value)

    def test_fails_with_a_withdrawn_token(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site.index("mail", AT, uid="one")
        monkeypatch.setenv("SFTSEC_TEST_TOKEN", site.splunk.bearer_token())
        connector = site.connect(sources=[MAIL], token="env:SFTSEC_TEST_TOKEN")
        assert uids(connector) == ["one"]
        site.splunk.sessions.tokens.clear()
        with pytest.raises(AccessError, match="401"):
            uids(connector)


class TestTls:
    def test_is_verified_by_the_ca_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with own_site(monkeypatch, tls=True) as site:
            site.index("mail", AT, uid="one")
            trusting = site.connect(sources=[MAIL], ca_file=str(site.splunk.ca_file))
            assert uids(trusting) == ["one"]
            assert list(trusting.check()) == []
            with pytest.raises(TlsError, match="set ca_file to the authority that signed it"):
                uids(site.connect(sources=[MAIL]))
