"""Splunk under faults while it is read: nothing is lost, and nothing comes twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sftsec_core.api.domain import IncidentPage
from sftsec_core.api.errors import ConnectorUnavailableError
from sftsec_core.sdk.errors import AccessError, TlsError
from sftsec_core.testing import make_detections
from sftsec_splunk.connector import SplunkConnector
from sftsec_splunk.errors import SearchError
from tests.connectors.splunk.pulls import AT, BOTH, LABELLED, uids
from tests.connectors.splunk.sites import Site, own_site
from tests.servers.splunkd.state import Splunkd

COUNT = 20
NAMES = [f"uid-{number:02}" for number in range(COUNT)]
MAIL = {"kind": "search", "search": "index=mail", "uid": "uid"}


@pytest.fixture
def connector(site: Site) -> SplunkConnector:
    for number, name in enumerate(NAMES):
        site.index("mail", AT + number, uid=name)
    return site.connect(sources=[MAIL], page_size=3, slice_events=8)


def read(
    connector: SplunkConnector, pages: list[IncidentPage], after_each: Callable[[], None]
) -> None:
    for page in connector.pull(BOTH):
        pages.append(page)
        after_each()


def names(pages: list[IncidentPage]) -> list[str]:
    return [each.uid for page in pages for each in page.incidents]


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


class TestSearchJob:
    def test_is_not_made_twice(self, site: Site, connector: SplunkConnector) -> None:
        assert uids(connector) == NAMES
        site.splunk.requests.clear()
        site.splunk.faults.lost_after = "search/v2/jobs"
        assert uids(connector) == NAMES
        made = [each for each in site.splunk.requests if each.startswith("POST")]
        made = [each for each in made if each.split()[1].endswith("search/v2/jobs")]
        removed = [each for each in site.splunk.requests if each.startswith("DELETE")]
        assert len(made) == len(removed)
        assert site.splunk.jobs.by_sid == {}

    def test_that_fails_is_an_error(self, site: Site, connector: SplunkConnector) -> None:
        pages: list[IncidentPage] = []
        with pytest.raises(SearchError, match="a search failed: The indexer fell over"):
            read(
                connector,
                pages,
                lambda: setattr(site.splunk.faults, "fatal", "The indexer\nfell over"),
            )
        found = names(pages)
        assert found == NAMES[: len(found)]
        assert 0 < len(found) < COUNT

    def test_is_never_read_in_part(self, site: Site, connector: SplunkConnector) -> None:
        pages: list[IncidentPage] = []
        with pytest.raises(SearchError, match="finalised before its end"):
            read(connector, pages, lambda: setattr(site.splunk.faults, "finalized", 1))
        found = names(pages)
        assert found == NAMES[: len(found)]
        site.splunk.faults.finalized = 0
        site.splunk.faults.warning = "Search results might be incomplete: a peer went down"
        with pytest.raises(SearchError, match="a part of its results only"):
            uids(connector)

    def test_logs_other_warnings_once(
        self, site: Site, connector: SplunkConnector, caplog: pytest.LogCaptureFixture
    ) -> None:
        for _ in range(2):
            site.splunk.faults.warning = "The time range was snapped"
            assert uids(connector) == NAMES
        assert caplog.text.count("Splunk warns of a search: The time range was snapped") == 1

    def test_may_be_slow_up_to_a_bound(self, site: Site, connector: SplunkConnector) -> None:
        site.splunk.faults.job_polls = 2
        assert uids(connector) == NAMES
        site.splunk.faults.job_seconds = 60
        hasty = site.connect(sources=[MAIL], search_timeout="0.2s", retry_timeout="0s")
        with pytest.raises(ConnectorUnavailableError, match="search_timeout"):
            uids(hasty)
        assert site.splunk.jobs.by_sid == {}


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
