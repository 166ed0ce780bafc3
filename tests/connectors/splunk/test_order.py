"""In which order events are read: one that is indexed late is not left out."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from sftsec_core.api.domain import PullWindow
from sftsec_core.sdk.cursor import PullCursor
from sftsec_splunk.connector import SplunkConnector
from sftsec_splunk.errors import SearchError
from sftsec_splunk.identity import key_of
from sftsec_splunk.order import what_loses_index_time
from sftsec_splunk.positions import SplunkPosition
from tests.connectors.splunk.pulls import AT, BOTH, LABELLED, UNLABELLED, moment, source
from tests.connectors.splunk.sites import Site

HOUR, DAY = 3600, 86_400


class Reader:
    """Reads what is new, as scoring does: each pull goes on from the last page's cursor."""

    def __init__(self, connector: SplunkConnector, cursor: str | None = None) -> None:
        self.connector = connector
        self.cursor = cursor

    def news(self, window: PullWindow = UNLABELLED) -> list[str]:
        found = []
        for page in self.connector.pull(window, cursor=self.cursor):
            self.cursor = page.cursor
            found += [each.uid for each in page.incidents]
        return found


def mails(index: str, **settings: Any) -> dict[str, Any]:
    return source(search=f"index={index}", uid="uid", **settings)


class TestLateEvent:
    @pytest.mark.parametrize("late", [1, HOUR, 400 * DAY])
    def test_is_read_by_the_next_pull(self, shared_site: Site, index: str, late: int) -> None:
        reader = Reader(shared_site.connect(sources=[mails(index)]))
        shared_site.index(index, AT, uid="one")
        assert reader.news() == ["one"]
        shared_site.index(index, AT + 5 - late, uid="late", indexed_at=AT + 5)
        shared_site.index(index, AT + 7, uid="two")
        assert reader.news() == ["late", "two"]
        assert reader.news() == []

    def test_may_come_by_a_page_border(self, shared_site: Site, index: str) -> None:
        """All are of one index second; their own times are not in the order of their keys."""
        names = {f"uid-{n:02}" for n in range(20)}
        for n in range(20):
            shared_site.index(index, AT - n * 977.7, uid=f"uid-{n:02}", indexed_at=AT + n / 20)
        connector = shared_site.connect(sources=[mails(index)], page_size=3, slice_events=8)
        pages = list(connector.pull(UNLABELLED))
        found = [each.uid for page in pages for each in page.incidents]
        assert len(pages) > 6
        assert (len(found), set(found)) == (20, names)
        for place, page in enumerate(pages):
            rest = Reader(connector, page.cursor).news()
            assert rest == [e.uid for after in pages[place + 1 :] for e in after.incidents]

    def test_is_outside_of_the_window(self, shared_site: Site, index: str) -> None:
        for n, at in enumerate((AT - 1, AT, AT + 1)):
            shared_site.index(index, at, uid=f"uid-{n}", indexed_at=AT + 10 - n)
        window = PullWindow(since=moment(AT), until=moment(AT + 1), labelled=False)
        assert Reader(shared_site.connect(sources=[mails(index)])).news(window) == ["uid-1"]

    @pytest.mark.parametrize("window", [LABELLED, BOTH])
    def test_has_its_verdict(self, shared_site: Site, index: str, window: PullWindow) -> None:
        reader = Reader(shared_site.connect(sources=[mails(index, label="told")]))
        shared_site.index(index, AT, uid="one", told="bad")
        assert reader.news(window) == ["one"]
        shared_site.index(index, AT - HOUR, uid="late", told="bad", indexed_at=AT + 1)
        assert reader.news(window) == ["late"]

    def test_may_be_a_notable(self, site: Site) -> None:
        reader = Reader(site.connect())
        first = site.splunk.add_notable({"search_name": "Rule"}, AT)
        assert reader.news() == [first]
        late = site.splunk.add_notable({"search_name": "Late"}, AT - HOUR, indexed_at=AT + 1)
        assert (reader.news(), reader.news()) == ([late], [])

    def test_may_have_its_time_in_a_field(self, shared_site: Site, index: str) -> None:
        reader = Reader(shared_site.connect(sources=[mails(index, time="when")]))
        shared_site.index(index, AT, uid="one", when=AT)
        assert reader.news() == ["one"]
        shared_site.index(index, AT + 1, uid="late", when=AT - HOUR)
        shared_site.index(index, AT + 2, uid="odd", when="soon")
        [page] = reader.connector.pull(UNLABELLED, cursor=reader.cursor)
        assert [(each.uid, each.at) for each in page.incidents] == [("late", moment(AT - HOUR))]
        assert [each.where for each in page.rejected] == ["odd"]


class TestSecond:
    def test_is_read_when_it_has_settled(self, shared_site: Site, index: str) -> None:
        now = [AT + 100.5]
        settings = {"sources": [mails(index)], "settle": "10s"}
        reader = Reader(shared_site.connect_at(lambda: moment(now[0]), **settings))
        for at in (89.9, 90.0, 90.4, 91):
            shared_site.index(index, AT + at - HOUR, uid=f"at-{at}", indexed_at=AT + at)
        assert reader.news() == ["at-89.9"]
        now[0] += 1
        assert sorted(reader.news()) == ["at-90.0", "at-90.4"]
        now[0] += 0.4
        assert reader.news() == []
        now[0] += 1
        assert reader.news() == ["at-91"]


class TestCursor:
    """One that was kept before events were read in the order of index times."""

    def cursor(self, connector: SplunkConnector, at: float, uid: str) -> str:
        name = connector._site.sources[0].name
        return PullCursor({name: SplunkPosition(int(at * 1000), key_of(uid))}).encode()

    def test_of_event_times_goes_on(self, shared_site: Site, index: str) -> None:
        names = sorted((f"uid-{n}" for n in range(6)), key=key_of)
        for uid in names:  # all of one time; three of them were read
            shared_site.index(index, AT, uid=uid)
        shared_site.index(index, AT - 5, uid="read")
        shared_site.index(index, AT + 5, uid="new", indexed_at=AT + 1)
        now = [AT + 200]
        connector = shared_site.connect_at(
            lambda: moment(now[0]), sources=[mails(index)], page_size=2
        )
        reader = Reader(connector, self.cursor(connector, AT, names[2]))
        assert reader.news() == [*names[3:], "new"]
        shared_site.index(index, AT - DAY, uid="late", indexed_at=AT + 201)
        assert reader.news() == []
        now[0] += 200
        assert (reader.news(), reader.news()) == (["late"], [])

    def test_goes_on_from_every_page(self, shared_site: Site, index: str) -> None:
        for n in range(12):
            shared_site.index(index, AT + n, uid=f"uid-{n:02}", indexed_at=AT + 50 - n)
        connector = shared_site.connect(sources=[mails(index)], page_size=2)
        old = self.cursor(connector, AT + 3, "uid-03")
        pages = list(connector.pull(UNLABELLED, cursor=old))
        names = [each.uid for page in pages for each in page.incidents]
        assert names == [f"uid-{n:02}" for n in range(11, 3, -1)]
        for page in pages:
            names = names[len(page.incidents) :]
            assert Reader(connector, page.cursor).news() == names

    def test_goes_back_to_event_times(self, shared_site: Site, index: str) -> None:
        shared_site.index(index, AT, uid="one", indexed_at=AT + 60)
        reader = Reader(shared_site.connect(sources=[mails(index)]))
        assert reader.news() == ["one"]
        shared_site.index(index, AT + 61, uid="two")
        by_event = shared_site.connect(sources=[mails(index, order="event_time")])
        assert Reader(by_event, reader.cursor).news() == ["two"]

    def test_of_old_form_is_kept(self) -> None:
        old = SplunkPosition.from_json([5, "k"])
        assert (old, old.to_json()) == (SplunkPosition(5, "k"), [5, "k"])
        for odd in ([5], [5, "k", "other"], [5, "k", "indexed", [1, "k", 2], 3]):
            with pytest.raises(ValueError, match=r"position|unpack"):
                SplunkPosition.from_json(odd)


class TestEventTime:
    def test_leaves_late_events_out(self, shared_site: Site, index: str) -> None:
        reader = Reader(shared_site.connect(sources=[mails(index, order="event_time")]))
        shared_site.index(index, AT, uid="one")
        assert reader.news() == ["one"]
        shared_site.index(index, AT - HOUR, uid="late", indexed_at=AT + 5)
        assert reader.news() == []

    def test_counts_untimed_rows_once(self, site: Site, caplog: pytest.LogCaptureFixture) -> None:
        rows = [{"uid": "odd", "when": "soon"}, {"uid": "one", "when": str(AT)}]
        site.splunk.lookups.files["told.csv"] = rows
        told = source(search="| inputlookup told.csv", uid="uid", time="when")
        connector = site.connect(sources=[told])
        pages = list(connector.pull(UNLABELLED))
        assert [each.where for page in pages for each in page.rejected] == ["odd"]
        assert [page.cursor is not None for page in pages] == [True, True]
        again = list(connector.pull(UNLABELLED, cursor=pages[0].cursor))
        assert [each.uid for page in again for each in page.incidents] == ["one"]
        assert list(connector.pull(UNLABELLED, cursor=pages[-1].cursor)) == []
        assert "1 results of a search have no _time" in caplog.text

    def test_is_that_of_a_lookup_in_slices(self, site: Site) -> None:
        """Rows of a lookup do not heed the times of a job."""
        site.splunk.lookups.files["told.csv"] = [
            {"uid": f"uid-{n:02}", "_time": str(AT + n)} for n in range(12)
        ]
        told = source(search="| inputlookup told.csv", uid="uid")
        reader = Reader(site.connect(sources=[told], slice_events=5))
        window = PullWindow(since=moment(AT + 1))
        assert reader.news(window) == [f"uid-{n:02}" for n in range(1, 12)]


class TestIndexTime:
    @pytest.mark.parametrize("search", ["| inputlookup told.csv", "index=mail | table uid _time"])
    def test_must_be_there(self, site: Site, search: str) -> None:
        site.splunk.lookups.files["told.csv"] = [{"uid": "one"}]
        site.index("mail", AT, uid="one")
        told = source(search=search, uid="uid", order="index_time")
        with pytest.raises(SearchError, match="set `order: event_time`"):
            Reader(site.connect(sources=[told])).news()

    @pytest.mark.parametrize(
        ("search", "lost_after"),
        [
            ("index=mail", None),
            ("`mails` verdict=*", None),
            ('index=mail | `clean` | eval a=if(b="x|y", 1, 2) | rename a AS b', None),
            ("search index=mail [| inputlookup senders | table sender] | fields subject", None),
            ("| search index=mail", None),
            ("index=mail | eval at=_indextime", None),
            ("| inputlookup told.csv", "| inputlookup"),
            ("| from datamodel:Email", "| from"),
            ("| tstats count from datamodel=Email by _time", "| tstats"),
            ("index=mail | stats count by user", "stats"),
            ("index=mail | TABLE user", "table"),
            ("index=mail | ourcommand x=y", "ourcommand"),
            ("index=mail | fields - _*", "fields"),
            ("index=mail | fields - user, _indextime", "fields"),
            ("index=mail | eval _indextime=5", "eval"),
            ("index=mail | append [search index=web]", "append"),
        ],
    )
    def test_is_lost_by_some_commands(self, search: str, lost_after: str | None) -> None:
        assert what_loses_index_time(search) == lost_after


class TestCheck:
    def test_says_which_order_is_used(self, site: Site, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        told = source(search="index=mail | stats count by uid", uid="uid")
        connector = site.connect(sources=[source(uid="uid"), {"kind": "notables"}, told])
        assert list(connector.check()) == []
        lines = [each.getMessage() for each in caplog.records]
        assert "'index=mail' is read in the order of _indextime" in lines
        [line] = [each for each in lines if "stats" in each]
        assert "is read in the order of _time: the search has no _indextime after `stats`" in line
