"""Search jobs: run to their end once, and read whole or not at all."""

from __future__ import annotations

import pytest

from sftsec_core.api.domain import IncidentPage
from sftsec_core.api.errors import ConnectorUnavailableError
from sftsec_splunk.connector import SplunkConnector
from sftsec_splunk.errors import SearchError
from tests.connectors.splunk.mails import COUNT, MAIL, NAMES, mail_connector, names, read
from tests.connectors.splunk.pulls import uids
from tests.connectors.splunk.sites import Site


@pytest.fixture
def connector(site: Site) -> SplunkConnector:
    return mail_connector(site)


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
