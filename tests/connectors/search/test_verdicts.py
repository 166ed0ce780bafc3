"""The index of verdicts: what is said there is joined with the events that it is about."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from sftsec_core.api.domain import (
    Detection,
    Incident,
    IncidentPage,
    PullWindow,
    Verdict,
    detection_uid,
)
from sftsec_core.api.errors import ConnectorError
from sftsec_core.testing.incidents import START
from sftsec_search.connector import SearchConnector
from sftsec_search.verdicts import MAPPINGS
from tests.connectors.search.engines import events
from tests.connectors.search.sites import Site, ids, incidents, pages, uids

LABELLED, UNLABELLED = PullWindow(labelled=True), PullWindow(labelled=False)


def log_of(site: Site) -> str:
    return f"verdicts-{site.token}"


def connect(site: Site, index: str, *, setup: bool = False, **options: Any) -> SearchConnector:
    return site.connect(index, setup=setup, verdicts_index=log_of(site), **options)


def planted(site: Site, count: int = 5, *, log: bool = True) -> str:
    """An index of events that nobody has judged, and an index of verdicts as setup makes it."""
    index = site.name("mail")
    site.make_index(index)
    if log:
        site.make_index(log_of(site), MAPPINGS, number_of_shards=1)
    site.plant(index, events(count, label=None))
    return index


def uid(index: str, number: int) -> str:
    return f"{index}/event-{number:06d}"


def hours(number: float) -> datetime:
    return START + timedelta(hours=number)


def said(found: list[IncidentPage]) -> dict[str, list[str]]:
    return {i.uid.partition("/")[2]: [v.value for v in i.verdicts] for i in incidents(found)}


def detect(connector: SearchConnector, event: Incident) -> str:
    """Push a detection of an event; return the detection's uid."""
    name = detection_uid("0" * 64, event.uid, "")
    fields = {"message": "redacted"}
    connector.push(
        [Detection(name, event.uid, "mail", "0" * 64, "spam", 0.9, 0.5, at=event.at, fields=fields)]
    )
    return name


def place(site: Site, detection: str) -> str:
    """Where a detection lies: what a person who looks at it would name."""
    [hit] = [hit for hit in site.documents(site.stream) if hit["_id"] == detection]
    return f"{hit['_index']}/{hit['_id']}"


class TestAddedVerdict:
    def test_labels_its_event(self, site: Site) -> None:
        index = planted(site)
        connector = connect(site, index)
        assert len(uids(pages(connector, UNLABELLED))) == 5
        verdict = Verdict("spam", "ann", hours(1), "a lottery")
        assert connector.add_verdicts([(uid(index, 2), verdict)]) == 1
        [judged] = incidents(pages(connector, LABELLED))
        assert judged.uid == uid(index, 2)
        assert judged.verdicts == (verdict,)
        assert judged.fields["message"] == "text 2"
        assert ids(pages(connector, UNLABELLED)) == [f"event-{n:06d}" for n in (0, 1, 3, 4)]
        assert len(uids(pages(connector))) == 5, "without a window each event comes once"

    def test_is_not_added_twice(self, site: Site) -> None:
        index = planted(site)
        connector = connect(site, index)
        verdicts = [(uid(index, n), Verdict("spam", "ann", hours(1))) for n in range(3)]
        assert connector.add_verdicts(verdicts[:2]) == 2
        assert connector.add_verdicts(verdicts) == 1
        assert len(site.documents(log_of(site))) == 3

    def test_added_twice_at_once_stands_once(self, site: Site) -> None:
        index = planted(site)
        verdicts = [(uid(index, n), Verdict("spam", "ann", hours(1))) for n in range(5)]
        connectors = [connect(site, index) for _ in range(2)]
        together = Barrier(2)

        def add(number: int) -> int:
            together.wait()
            return connectors[number].add_verdicts(verdicts)

        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(add, range(2))) == 5
        assert len(site.documents(log_of(site))) == 5

    def test_comes_after_older_ones(self, site: Site) -> None:
        index = planted(site)
        connector = connect(site, index)
        for hour, word, who in ((3, "spam", "ann"), (1, "ham", "bob"), (2, "spam", "eve")):
            connector.add_verdicts([(uid(index, 0), Verdict(word, who, hours(hour)))])
        [judged] = incidents(pages(connector, LABELLED))
        assert [(v.value, v.analyst) for v in judged.verdicts] == [
            ("ham", "bob"),
            ("spam", "eve"),
            ("spam", "ann"),
        ]

    def test_of_an_impossible_time_is_counted(self, site: Site) -> None:
        index = planted(site)
        connector = connect(site, index)
        connector.add_verdicts([(uid(index, 0), Verdict("ham", "ann", hours(1)))])
        about = {"alert": {"index": index, "id": "event-000000"}, "verdict": "spam"}
        site.plant(log_of(site), {"early": {"@timestamp": "1970-01-21T11:00:00Z", **about}})
        found = pages(connector, LABELLED)
        assert said(found) == {"event-000000": ["ham"]}
        [refused] = [each for page in found for each in page.rejected]
        assert refused.where == uid(index, 0)
        assert "a verdict on it: '@timestamp' is outside 1990 to tomorrow" in refused.reason

    def test_is_kept_beside_a_newer_one(self, site: Site) -> None:
        index = planted(site)
        connector = connect(site, index)
        for hour, word in ((1, "spam"), (2, "ham"), (3, "spam")):
            connector.add_verdicts([(uid(index, 0), Verdict(word, "ann", hours(hour)))])
        assert said(pages(connector, LABELLED)) == {"event-000000": ["spam", "ham", "spam"]}

    def test_joins_the_events_own_field(self, site: Site) -> None:
        index = planted(site)
        field = {"word": "ham", "by": "bob", "at": hours(1).isoformat()}
        site.plant(index, {"own": {"@timestamp": START.isoformat(), "verdict": field}})
        connector = connect(site, index)
        connector.add_verdicts([(f"{index}/own", Verdict("spam", "ann", hours(2)))])
        assert said(pages(connector, LABELLED)) == {"own": ["ham", "spam"]}

    def test_keeps_its_automated_mark(self, site: Site) -> None:
        index = planted(site)
        connector = connect(site, index)
        connector.add_verdicts([(uid(index, 0), Verdict("spam", None, hours(1), automated=True))])
        [judged] = incidents(pages(connector, LABELLED))
        assert judged.verdicts == (Verdict("spam", None, hours(1), automated=True),)

    def test_is_bounded_by_the_events_time(self, site: Site) -> None:
        index = planted(site, 100)
        connector = connect(site, index)
        verdict = Verdict("spam", "ann", hours(50))
        connector.add_verdicts([(uid(index, n), verdict) for n in (0, 40, 80)])
        window = PullWindow(START + timedelta(minutes=1), START + timedelta(minutes=2), True)
        assert ids(pages(connector, window)) == ["event-000040"]

    def test_without_an_event_writes_nothing(self, site: Site) -> None:
        index = planted(site)
        connector = connect(site, index)
        verdicts = [(uid(index, 0), Verdict("spam")), ("no-slash", Verdict("spam"))]
        with pytest.raises(ConnectorError, match="'no-slash' is not INDEX/ID"):
            connector.add_verdicts(verdicts)
        assert site.documents(log_of(site)) == []

    def test_before_setup_names_what_to_run(self, site: Site) -> None:
        """A write would make the index with other mappings, in which no verdict is ever found."""
        index = planted(site, log=False)
        connector = connect(site, index)
        with pytest.raises(ConnectorError, match="run `sftsec connector setup`") as error:
            connector.add_verdicts([(uid(index, 0), Verdict("spam"))])
        assert "\n" not in str(error.value)
        assert site.server.call("GET", f"/{log_of(site)}")[0] == 404
        assert pages(connector, LABELLED) == [], "and a pull finds no verdicts in it"


class TestRetraction:
    def test_lets_one_verdict_count_no_longer(self, site: Site) -> None:
        index = planted(site)
        connector = connect(site, index)
        first, second = Verdict("spam", "ann", hours(1)), Verdict("ham", "bob", hours(2))
        connector.add_verdicts([(uid(index, 1), first), (uid(index, 1), second)])
        connector.add_verdicts([(uid(index, 3), first)])
        gone = [(uid(index, 1), first), (uid(index, 3), first)]
        assert connector.retract_verdicts(gone) == 2
        assert connector.retract_verdicts(gone) == 0
        assert said(pages(connector, LABELLED)) == {"event-000001": ["ham"]}
        assert len(uids(pages(connector, UNLABELLED))) == 4

    def test_of_another_event_has_no_effect(self, site: Site) -> None:
        index = planted(site)
        connector = connect(site, index)
        verdict = Verdict("spam", "ann", hours(1))
        connector.add_verdicts([(uid(index, 1), verdict)])
        [hit] = site.documents(log_of(site))
        forged = {"alert": {"index": index, "id": "event-000002"}, "retracts": hit["_id"]}
        site.plant(log_of(site), {"forged": forged})
        assert said(pages(connector, LABELLED)) == {"event-000001": ["spam"]}


class TestDetectionVerdict:
    def test_goes_to_the_source_event(self, site: Site) -> None:
        index = planted(site)
        connector = connect(site, index, setup=True)
        event = incidents(pages(connector, UNLABELLED))[3]
        detection = place(site, detect(connector, event))
        connector.add_verdicts([(detection, Verdict("ham", "ann", hours(1)))])
        [judged] = incidents(pages(connector, LABELLED))
        assert (judged.uid, judged.fields, judged.at) == (event.uid, event.fields, event.at)
        assert [verdict.value for verdict in judged.verdicts] == ["ham"]

    def test_goes_to_the_copy_otherwise(self, site: Site) -> None:
        index = planted(site)
        connector = connect(site, index, setup=True)
        event = incidents(pages(connector, UNLABELLED))[3]
        detection = place(site, detect(connector, event))
        connector.add_verdicts([(detection, Verdict("ham", "ann", hours(1)))])
        site.call("DELETE", f"/{index}/_doc/{event.uid.partition('/')[2]}?refresh=true")
        [judged] = incidents(pages(connector, LABELLED))
        assert (judged.uid, judged.at) == (event.uid, event.at)
        assert judged.fields == {"message": "redacted"}

    def test_may_be_on_an_odd_document(self, site: Site) -> None:
        index = planted(site)
        site.make_index(f"{index}-own", {"dynamic": False, "properties": {}})
        source = {"index": "gone", "id": "1", "timestamp": "not a time", "fields": "none"}
        site.plant(f"{index}-own", {"odd": {"sftsec": {"source": source}}})
        connector = connect(site, f"{index},{index}-own")
        verdict = Verdict("spam", "ann", hours(1))
        connector.add_verdicts([(uid(index, 0), verdict), (f"{index}-own/odd", verdict)])
        found = {i.uid: i.fields for i in incidents(pages(connector, LABELLED))}
        assert found.keys() == {uid(index, 0), f"{index}-own/odd"}
        assert found[f"{index}-own/odd"] == {}


class TestManyVerdicts:
    def test_resume_from_every_cursor(self, site: Site) -> None:
        index = planted(site, 60)
        connector = connect(site, index, page_size=7)
        connector.add_verdicts(
            [(uid(index, n), Verdict("spam", "ann", hours(1))) for n in range(60)]
        )
        whole = pages(connector, LABELLED)
        assert sorted(ids(whole)) == sorted(events(60))
        assert max(len(page.incidents) for page in whole) <= 7
        for number, page in enumerate(whole):
            assert uids(pages(connector, LABELLED, page.cursor)) == uids(whole[number + 1 :])

    def test_on_one_event_stay_together(self, site: Site) -> None:
        index = planted(site, 3)
        connector = connect(site, index, page_size=2)
        many = [(uid(index, 1), Verdict("spam", f"analyst-{n}", hours(n))) for n in range(25)]
        connector.add_verdicts([*many, (uid(index, 2), Verdict("ham", "ann", hours(1)))])
        found = {i.uid: len(i.verdicts) for i in incidents(pages(connector, LABELLED))}
        assert found == {uid(index, 1): 25, uid(index, 2): 1}
        assert len(uids(pages(connector, LABELLED))) == 2

    def test_with_long_reasons_keep_the_bound(self, site: Site) -> None:
        index = planted(site, 40)
        connector = connect(site, index, max_page_bytes=16_384)
        reason = "because " * 100
        verdicts = [(uid(index, n), Verdict("spam", "ann", hours(1), reason)) for n in range(40)]
        assert connector.add_verdicts(verdicts) == 40
        found = incidents(pages(connector, LABELLED))
        assert {i.uid for i in found} == {uid(index, n) for n in range(40)}
        assert {v.reason for i in found for v in i.verdicts} == {reason}

    def test_count_without_their_long_reasons(self, site: Site) -> None:
        index = planted(site, 2)
        connector = connect(site, index, max_page_bytes=16_384)
        reason = "because " * 100
        many = [(uid(index, 1), Verdict("spam", f"a{n}", hours(n), reason)) for n in range(30)]
        connector.add_verdicts(many)
        [judged] = incidents(pages(connector, LABELLED))
        assert [v.value for v in judged.verdicts] == ["spam"] * 30


class TestLookup:
    def test_rejects_what_is_gone(self, site: Site) -> None:
        index = planted(site, 3)
        connector = connect(site, index)
        gone = [f"{index}/never-there", "no-such-index/1"]
        verdict = Verdict("spam", "ann", hours(1))
        connector.add_verdicts([(name, verdict) for name in [uid(index, 0), *gone]])
        found = pages(connector, LABELLED)
        assert uids(found) == [uid(index, 0)]
        rejected = {each.where: each.reason for page in found for each in page.rejected}
        assert sorted(rejected) == sorted(gone)
        assert "no source has it" in rejected[gone[0]]

    def test_keeps_to_the_sources_query(self, site: Site) -> None:
        index = planted(site, 3)
        source = {"kind": "index", "index": index, "query": {"term": {"message": "0"}}}
        connector = site.connect(sources=[source], verdicts_index=log_of(site), setup=False)
        verdict = Verdict("spam", "ann", hours(1))
        connector.add_verdicts([(uid(index, n), verdict) for n in (0, 1)])
        found = pages(connector, LABELLED)
        assert uids(found) == [uid(index, 0)]
        assert [each.where for page in found for each in page.rejected] == [uid(index, 1)]


class TestForeignVerdict:
    def test_may_have_flat_dotted_names(self, site: Site) -> None:
        index = planted(site, 2)
        connector = connect(site, index)
        flat = {
            "@timestamp": hours(1).isoformat(),
            "alert.index": index,
            "alert.id": "event-000001",
            "verdict": "spam",
            "analyst": "ann",
        }
        site.plant(log_of(site), {"theirs": flat})
        [judged] = incidents(pages(connector, LABELLED))
        assert judged.uid == uid(index, 1)
        assert judged.verdicts == (Verdict("spam", "ann", hours(1)),)

    def test_counts_without_analyst_and_time(self, site: Site) -> None:
        index = planted(site, 2)
        alert = {"index": index, "id": "event-000001"}
        site.plant(log_of(site), {"theirs": {"alert": alert, "verdict": "spam"}})
        [judged] = incidents(pages(connect(site, index), LABELLED))
        assert judged.verdicts == (Verdict("spam"),)

    @pytest.mark.parametrize(
        "odd",
        [
            {"@timestamp": "2026-01-05T09:00:00Z"},
            {"alert": {"index": "mail"}, "verdict": "spam"},
            {"alert": {"index": "INDEX", "id": "event-000001"}},
            {"alert": {"index": "INDEX", "id": "event-000001"}, "verdict": ""},
            {"alert": {"index": "INDEX", "id": "event-000001"}, "verdict": None},
            {"alert": {"index": "", "id": ""}, "verdict": "spam"},
            {"alert": {"index": "an/index", "id": "x"}, "verdict": "spam"},
            {"alert": {"index": ["a", "b"], "id": ["event-000001", "x"]}, "verdict": "spam"},
        ],
    )
    def test_that_is_not_whole_is_none(self, site: Site, odd: dict[str, Any]) -> None:
        index = planted(site, 2)
        connector = connect(site, index)
        if (alert := odd.get("alert")) and alert.get("index") == "INDEX":
            odd = odd | {"alert": alert | {"index": index}}
        site.plant(log_of(site), {"odd": odd})
        connector.add_verdicts([(uid(index, 0), Verdict("spam", "ann", hours(1)))])
        assert said(pages(connector, LABELLED)) == {"event-000000": ["spam"]}
        assert ids(pages(connector, UNLABELLED)) == ["event-000001"]

    def test_needs_our_mappings(self, site: Site) -> None:
        index = planted(site, 1, log=False)
        site.call(
            "PUT", f"/{log_of(site)}", {"mappings": {"properties": {"alert": {"type": "object"}}}}
        )
        problems = connect(site, index).check()
        assert [each for each in problems if f"alert.index and alert.id of {log_of(site)}" in each]
