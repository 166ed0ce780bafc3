"""Any search as a source, and how its events are read: in slices, in a total order."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from sftsec_core.api.domain import PullWindow
from sftsec_core.api.errors import ConnectorError
from sftsec_splunk.errors import SearchError
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
from tests.servers.splunkd.events import Origin


def source(**settings: object) -> dict[str, object]:
    return {"kind": "search", "search": "index=mail", **settings}


class TestEvent:
    def test_is_named_by_its_place(self, site: Site) -> None:
        site.index("mail", AT, subject="hello", tags=["a", "b"])
        [incident] = pulled(site.connect(sources=[source()]))
        [row] = site.splunk.search('search index=mail | eval u=_bkt."@@"._cd | table u')
        assert incident.uid == row["u"]
        assert incident.fields["tags"] == ["a", "b"]
        assert incident.fields["subject"] == "hello"
        assert [each for each in incident.fields if each.startswith("_")] == []

    def test_may_have_its_time_in_a_field(self, site: Site) -> None:
        site.splunk.lookups.files["told.csv"] = [
            {"uid": f"uid-{n}", "when": str(AT + n), "word": "spam"} for n in range(5)
        ]
        told = source(search="| inputlookup told.csv", uid="uid", label="word", time="when")
        connector = site.connect(sources=[told])
        assert uids(connector, LABELLED) == [f"uid-{n}" for n in range(5)]
        window = PullWindow(since=moment(AT + 1), until=moment(AT + 3), labelled=True)
        [first, second] = pulled(connector, window)
        assert (first.uid, first.at, second.uid) == ("uid-1", moment(AT + 1), "uid-2")

    def test_without_name_or_time_is_reported(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        site.splunk.lookups.files["told.csv"] = [
            {"uid": "one", "when": str(AT)},
            {"uid": "", "when": str(AT + 1)},
            {"uid": "late", "when": "never"},
        ]
        told = source(search="| inputlookup told.csv", uid="uid", time="when")
        connector = site.connect(sources=[told])
        assert uids(connector) == ["one"]
        [row] = rejected(connector)
        assert "no name that stays" in row.reason
        assert row.digest
        assert "1 results of a search have no _time" in caplog.text

    def test_waits_while_it_is_young(self, site: Site) -> None:
        now = site.splunk.now()
        for age in (30, 300):
            site.index("mail", now - age, uid=f"age-{age}")
        connector = site.connect(sources=[source(uid="uid")], settle="2m")
        assert uids(connector, UNLABELLED) == ["age-300"]
        assert uids(connector, BOTH) == ["age-300", "age-30"]

    def test_may_have_a_foreign_detection_id(self, site: Site) -> None:
        site.index("mail", AT, uid="one", detection_id="edr-7")
        connector = site.connect(sources=[source(uid="uid")])
        assert uids(connector, UNLABELLED) == uids(connector, BOTH) == ["one"]

    def test_may_hold_half_a_character(self, site: Site) -> None:
        site.splunk.index_event('{"uid": "one", "text": "a\\ud800b"}', AT, Origin("mail"))
        site.index("mail", AT + 1, uid="two")
        first, second = pulled(site.connect(sources=[source(uid="uid")]))
        assert (first.uid, first.fields["text"], second.uid) == ("one", "a?b", "two")


class TestLabel:
    def test_counts_only_chosen_values(self, site: Site) -> None:
        site.index("mail", AT, uid="one", label=["bad", "seen"])
        site.index("mail", AT + 1, uid="two", label=["seen", "old"])
        chosen = source(uid="uid", label="label{}", values={"bad": "malicious"})
        connector = site.connect(sources=[chosen])
        [incident] = pulled(connector, LABELLED)
        assert (incident.uid, said(incident)) == ("one", [("malicious", None)])
        assert uids(connector, UNLABELLED) == ["two"]
        assert "label" not in incident.fields

    def test_joins_all_rows_of_an_event(self, site: Site) -> None:
        """A search may give one row for each analyst."""
        for number in range(6):
            for word in ("good", "bad"):
                site.index("mail", AT + number, uid=f"uid-{number}", label=word, who=word)
        labelled = source(uid="uid", label="label", analyst="who")
        found = pulled(site.connect(sources=[labelled], page_size=5), LABELLED)
        assert [each.uid for each in found] == [f"uid-{number}" for number in range(6)]
        assert all(sorted(said(each)) == [("bad", "bad"), ("good", "good")] for each in found)


class TestPrivateField:
    def test_is_the_raw_text_by_default(self, site: Site) -> None:
        site.index("mail", AT, uid="one", label="bad")
        window = PullWindow(labelled=True, text_fields=("_raw",))
        with pytest.raises(ConnectorError, match="'_raw' holds what analysts said"):
            pulled(site.connect(sources=[source(uid="uid", label="label")]), window)
        [incident] = pulled(
            site.connect(sources=[source(uid="uid", label="label", raw=True)]), window
        )
        assert list(incident.fields) == ["_raw"]

    def test_may_be_configured(self, site: Site) -> None:
        site.index("mail", AT, uid="one", ticket="closed as spam", verdict="bad", status="200")
        [incident] = pulled(site.connect(sources=[source(uid="uid", private=["ticket"])]))
        assert incident.fields["status"] == "200"
        assert not {"ticket", "verdict"} & set(incident.fields)


class TestSlices:
    def test_resume_from_every_cursor(self, site: Site) -> None:
        times = [AT] * 40 + [AT + 0.25] * 9 + [AT + n * 977.7 for n in range(30)] + [AT + 9e6] * 7
        for number, at in enumerate(times):
            site.index("mail", at, uid=f"uid-{number:03}")
        connector = site.connect(sources=[source(uid="uid")], slice_events=8, page_size=5)
        pages = list(connector.pull(BOTH))
        found = [each for page in pages for each in page.incidents]
        assert sorted(each.uid for each in found) == [f"uid-{n:03}" for n in range(len(times))]
        assert all(a.at <= b.at for a, b in pairwise(found) if a.at and b.at)
        for place in range(0, len(pages), 5):
            rest = list(connector.pull(BOTH, cursor=pages[place].cursor))
            after = [each.uid for page in pages[place + 1 :] for each in page.incidents]
            assert [each.uid for page in rest for each in page.incidents] == after

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
