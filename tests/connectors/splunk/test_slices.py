"""Any search as a source, and how its events are read: in slices, in a total order."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from sftsec_core.api.domain import PullWindow
from sftsec_splunk.errors import SearchError
from tests.connectors.splunk.pulls import (
    AT,
    BOTH,
    UNLABELLED,
    moment,
    pulled,
    rejected,
    source,
    uids,
)
from tests.connectors.splunk.sites import Site


class TestSlices:
    def test_resume_from_every_cursor(self, site: Site) -> None:
        times = [AT] * 40 + [AT + 0.25] * 9 + [AT + n * 977.7 for n in range(30)] + [AT + 9e6] * 7
        for number, at in enumerate(times):
            site.index("mail", at, uid=f"uid-{number:03}")
        connector = site.connect(sources=[source(uid="uid")], slice_events=8, page_size=5)
        pages = list(connector.pull(BOTH))
        found = [each for page in pages for each in page.incidents]
        assert sorted(each.uid for each in found) == [f"uid-{n:03}" for n in range(len(times))]
        seconds = [each.at.timestamp() // 1 for each in found if each.at]
        assert all(a <= b for a, b in pairwise(seconds))
        for place in range(0, len(pages), 5):
            rest = list(connector.pull(BOTH, cursor=pages[place].cursor))
            after = [each.uid for page in pages[place + 1 :] for each in page.incidents]
            assert [each.uid for page in rest for each in page.incidents] == after

    def test_keep_one_place_on_a_page(self, site: Site) -> None:
        """No cursor can stand between events of one id and second."""
        for number in range(9):
            site.index("mail", AT, uid="the same", text=f"text {number}")
        site.index("mail", AT, uid="other")
        connector = site.connect(sources=[source(uid="uid")], page_size=2)
        pages = list(connector.pull(BOTH))
        assert sorted(len(page.incidents) for page in pages) == [1, 9]
        again = [len(p.incidents) for p in connector.pull(BOTH, cursor=pages[0].cursor)]
        assert again == [len(pages[1].incidents)]

    def test_bring_what_arrived_since_the_cursor(self, site: Site) -> None:
        connector = site.connect(sources=[source(uid="uid")])
        site.index("mail", AT, uid="one")
        [page] = connector.pull(UNLABELLED)
        site.index("mail", AT + 1, uid="two")
        [next_page] = connector.pull(UNLABELLED, cursor=page.cursor)
        assert [each.uid for each in next_page.incidents] == ["two"]
        assert list(connector.pull(UNLABELLED, cursor=next_page.cursor)) == []

    def test_split_an_answer_that_is_too_large(self, site: Site) -> None:
        for number in range(6):
            site.index("mail", AT + number, uid=f"uid-{number}", text="x" * 3000)
        site.index("mail", AT + 2.5, uid="huge", text="y" * 40_000)
        connector = site.connect(sources=[source(uid="uid")], max_page_bytes=20_000)
        assert uids(connector) == [f"uid-{number}" for number in range(6)]
        assert [(each.where, each.reason) for each in rejected(connector)] == [
            ("huge", "it is larger than max_page_bytes")
        ]

    def test_report_an_invalid_search(self, site: Site) -> None:
        connector = site.connect(sources=[source(search="index=mail | nonsense")])
        with pytest.raises(SearchError, match="Unknown search command 'nonsense'"):
            pulled(connector)
        [line] = connector.check()
        assert "cannot be read" in line

    def test_delete_their_search_jobs(self, site: Site) -> None:
        site.index("mail", AT, uid="one")
        connector = site.connect(sources=[source(uid="uid")])
        assert uids(connector) == ["one"]
        assert site.splunk.jobs.by_sid == {}
        for page in connector.pull(BOTH):
            assert page.incidents
            break
        assert site.splunk.jobs.by_sid == {}

    def test_keep_fractions_of_seconds(self, site: Site) -> None:
        for part in (0.1, 0.4, 0.7):
            site.index("mail", AT + part, uid=f"at-{part}")
        half = moment(AT) + timedelta(milliseconds=200)
        connector = site.connect(sources=[source(uid="uid")])
        assert uids(connector, PullWindow(since=half)) == ["at-0.4", "at-0.7"]
        assert uids(connector, PullWindow(until=half)) == ["at-0.1"]
