"""Jobs are kept for their time to live, and known by their ids and saved searches."""

from __future__ import annotations

import pytest

from tests.servers.splunkd.errors import RestError
from tests.servers.splunkd.jobs import Job
from tests.servers.splunkd.rest.saved import SEARCHES
from tests.servers.splunkd.state import Splunkd

EARLIER = "search index=main | stats count"


def start(splunk: Splunkd, search: str = EARLIER, **given: str) -> Job:
    return splunk.jobs.start(splunk, search, given, owner="admin", app="search")


class TestLifetime:
    def test_ends_after_the_last_use(self, splunk: Splunkd) -> None:
        short, usual, kept = start(splunk, timeout="60"), start(splunk), start(splunk)
        kept.kept = True
        splunk.clock_skew_s = 61
        assert splunk.jobs.all(splunk) == [usual, kept]
        with pytest.raises(RestError, match=r"Unknown sid\."):
            splunk.jobs.get(splunk, short.sid)
        usual.updated = splunk.now()
        splunk.clock_skew_s = 61 + 599
        assert splunk.jobs.all(splunk) == [usual, kept]
        splunk.clock_skew_s = 61 + 601
        assert splunk.jobs.all(splunk) == [kept]


class TestId:
    def test_may_be_given_once(self, splunk: Splunkd) -> None:
        assert start(splunk, id="mine").sid == "mine"
        with pytest.raises(RestError, match="exists already") as refused:
            start(splunk, id="mine")
        assert refused.value.status == 409
        splunk.jobs.remove("mine")
        assert start(splunk, id="mine").sid == "mine"

    def test_differs_for_each_job(self, splunk: Splunkd) -> None:
        assert start(splunk).sid != start(splunk).sid


class TestState:
    def test_goes_from_queued_to_done(self, splunk: Splunkd) -> None:
        splunk.faults.job_polls, splunk.faults.job_seconds = 1, 30
        job = start(splunk)
        now = splunk.now()
        assert job.state(now) == "QUEUED"
        job.polls = 0
        assert job.state(now) == "RUNNING"
        job.paused = True
        assert job.state(now) == "PAUSED"
        assert job.state(now + 31) == "DONE"
        job.finalized = True
        assert job.state(now) == "DONE"

    def test_of_a_failed_job_has_no_results(self, splunk: Splunkd) -> None:
        splunk.faults.fatal = "The indexer fell over"
        job = start(splunk, "| makeresults")
        assert (job.state(splunk.now()), job.count) == ("FAILED", 0)
        assert job.messages == [("FATAL", "The indexer fell over")]

    def test_of_a_finalized_job_has_a_part(self, splunk: Splunkd) -> None:
        splunk.faults.finalized = 1
        assert start(splunk, "| makeresults count=6").count == 3
        assert start(splunk, "| makeresults count=6").count == 6


class TestTimes:
    def test_in_the_wrong_order_are_fatal(self, splunk: Splunkd) -> None:
        with pytest.raises(RestError, match="latest_time must be after") as refused:
            start(splunk, earliest_time="20", latest_time="10")
        assert (refused.value.status, refused.value.kind) == (400, "FATAL")

    @pytest.mark.parametrize(
        ("terms", "arguments"),
        [
            ("_index_earliest=20 _index_latest=30", {}),
            ("", {"index_earliest": "20", "index_latest": "30"}),
            ("_index_earliest=20", {"index_latest": "30"}),
        ],
    )
    def test_may_be_those_of_indexing(
        self, splunk: Splunkd, terms: str, arguments: dict[str, str]
    ) -> None:
        for indexed_at in (19.9, 20.0, 29.9, 30.0):
            splunk.index_event(f"at={indexed_at}", 1000.0, indexed_at=indexed_at)
        job = start(splunk, f"search index=main {terms} | table at _indextime", **arguments)
        found = sorted((row.get("at"), row.get("_indextime")) for row in job.results)
        assert found == [("20.0", "20"), ("29.9", "29")]


class TestSavedSearch:
    def test_runs_with_its_arguments_and_times(self, splunk: Splunkd) -> None:
        for number, user in enumerate(("ann", "bob", "ann")):
            splunk.index_event(f"user={user}", 1000.0 + number)
        saved = splunk.entities.find(SEARCHES, "nobody", "search", "Errors in the last hour")
        assert saved is not None
        given = {
            "search": ["index=main user=$who$ | stats count"],
            "args.who": ["ann"],
            "dispatch.earliest_time": ["1000"],
            "dispatch.latest_time": ["1002"],
        }
        job = splunk.jobs.dispatch_saved(splunk, saved, given, splunk.now())
        assert [row.get("count") for row in job.results] == [1]
        assert job.sid.startswith("admin__admin__search__Errors_in_the_last_hour_at_")
        key = ("nobody", "search", "Errors in the last hour")
        assert splunk.jobs.of_saved(splunk, key) == [job]
        splunk.clock_skew_s = 7201
        assert splunk.jobs.of_saved(splunk, key) == []
