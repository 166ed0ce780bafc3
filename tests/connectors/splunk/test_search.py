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


def test_an_event_without_a_name_of_its_own_is_named_by_its_place(site: Site) -> None:
    site.index("mail", AT, subject="hello", tags=["a", "b"])
    [incident] = pulled(site.connect(sources=[source()]))
    [row] = site.splunk.search('search index=mail | eval u=_bkt."@@"._cd | table u')
    assert incident.uid == row["u"]
    assert incident.fields["tags"] == ["a", "b"]
    assert incident.fields["subject"] == "hello"
    assert [each for each in incident.fields if each.startswith("_")] == []


def test_only_chosen_words_of_a_label_are_verdicts(site: Site) -> None:
    site.index("mail", AT, uid="one", label=["bad", "seen"])
    site.index("mail", AT + 1, uid="two", label=["seen", "old"])
    chosen = source(uid="uid", label="label{}", values={"bad": "malicious"})
    connector = site.connect(sources=[chosen])
    [incident] = pulled(connector, LABELLED)
    assert (incident.uid, said(incident)) == ("one", [("malicious", None)])
    assert uids(connector, UNLABELLED) == ["two"]
    assert "label" not in incident.fields


def test_time_may_stand_in_a_field(site: Site) -> None:
    site.splunk.lookups.files["told.csv"] = [
        {"uid": f"uid-{n}", "when": str(AT + n), "word": "spam"} for n in range(5)
    ]
    told = source(search="| inputlookup told.csv", uid="uid", label="word", time="when")
    connector = site.connect(sources=[told])
    assert uids(connector, LABELLED) == [f"uid-{n}" for n in range(5)]
    window = PullWindow(since=moment(AT + 1), until=moment(AT + 3), labelled=True)
    [first, second] = pulled(connector, window)
    assert (first.uid, first.at, second.uid) == ("uid-1", moment(AT + 1), "uid-2")


def test_results_without_a_name_or_a_time_are_told_of(
    site: Site, caplog: pytest.LogCaptureFixture
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


def test_the_raw_text_is_read_where_it_is_said_to_be_clean(site: Site) -> None:
    site.index("mail", AT, uid="one", label="bad")
    window = PullWindow(labelled=True, text_fields=("_raw",))
    with pytest.raises(ConnectorError, match="'_raw' holds what analysts said"):
        pulled(site.connect(sources=[source(uid="uid", label="label")]), window)
    [incident] = pulled(site.connect(sources=[source(uid="uid", label="label", raw=True)]), window)
    assert list(incident.fields) == ["_raw"]


def test_fields_that_the_configuration_calls_private_stay_out(site: Site) -> None:
    site.index("mail", AT, uid="one", ticket="closed as spam", verdict="bad", status="200")
    [incident] = pulled(site.connect(sources=[source(uid="uid", private=["ticket"])]))
    assert incident.fields["status"] == "200"
    assert not {"ticket", "verdict"} & set(incident.fields)


def test_young_events_wait_for_the_next_scoring(site: Site) -> None:
    now = site.splunk.now()
    for age in (30, 300):
        site.index("mail", now - age, uid=f"age-{age}")
    connector = site.connect(sources=[source(uid="uid")], settle="2m")
    assert uids(connector, UNLABELLED) == ["age-300"]
    assert uids(connector, BOTH) == ["age-300", "age-30"]


def test_slices_end_where_there_are_many_events_and_every_cursor_resumes(site: Site) -> None:
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


def test_what_comes_in_later_is_read_from_the_cursor_on(site: Site) -> None:
    connector = site.connect(sources=[source(uid="uid")])
    site.index("mail", AT, uid="one")
    [page] = connector.pull(UNLABELLED)
    site.index("mail", AT + 1, uid="two")
    [next_page] = connector.pull(UNLABELLED, cursor=page.cursor)
    assert [each.uid for each in next_page.incidents] == ["two"]
    assert list(connector.pull(UNLABELLED, cursor=next_page.cursor)) == []


def test_an_answer_that_is_too_large_is_asked_for_in_parts(site: Site) -> None:
    for number in range(6):
        site.index("mail", AT + number, uid=f"uid-{number}", text="x" * 3000)
    site.index("mail", AT + 2.5, uid="huge", text="y" * 40_000)
    connector = site.connect(sources=[source(uid="uid")], max_page_bytes=20_000)
    assert uids(connector) == [f"uid-{number}" for number in range(6)]
    assert [(each.where, each.reason) for each in rejected(connector)] == [
        ("huge", "it is larger than max_page_bytes")
    ]


def test_a_search_that_cannot_be_read_is_an_error_of_one_line(site: Site) -> None:
    connector = site.connect(sources=[source(search="index=mail | nonsense")])
    with pytest.raises(SearchError, match="Unknown search command 'nonsense'"):
        pulled(connector)
    [line] = connector.check()
    assert "cannot be read" in line


def test_rows_of_one_event_stay_together_with_all_their_words(site: Site) -> None:
    """A search may give one row for each analyst."""
    for number in range(6):
        for word in ("good", "bad"):
            site.index("mail", AT + number, uid=f"uid-{number}", label=word, who=word)
    labelled = source(uid="uid", label="label", analyst="who")
    found = pulled(site.connect(sources=[labelled], page_size=5), LABELLED)
    assert [each.uid for each in found] == [f"uid-{number}" for number in range(6)]
    assert all(sorted(said(each)) == [("bad", "bad"), ("good", "good")] for each in found)


def test_a_detection_id_of_somebody_elses_is_no_detection_of_ours(site: Site) -> None:
    site.index("mail", AT, uid="one", detection_id="edr-7")
    connector = site.connect(sources=[source(uid="uid")])
    assert uids(connector, UNLABELLED) == uids(connector, BOTH) == ["one"]


def test_half_a_character_does_not_refuse_the_page(site: Site) -> None:
    site.splunk.index_event('{"uid": "one", "text": "a\\ud800b"}', AT, Origin("mail"))
    site.index("mail", AT + 1, uid="two")
    first, second = pulled(site.connect(sources=[source(uid="uid")]))
    assert (first.uid, first.fields["text"], second.uid) == ("one", "a?b", "two")


def test_no_job_is_left_behind(site: Site) -> None:
    site.index("mail", AT, uid="one")
    connector = site.connect(sources=[source(uid="uid")])
    assert uids(connector) == ["one"]
    assert site.splunk.jobs.by_sid == {}
    for page in connector.pull(BOTH):
        assert page.incidents
        break
    assert site.splunk.jobs.by_sid == {}


def test_a_window_of_parts_of_seconds_is_kept(site: Site) -> None:
    for part in (0.1, 0.4, 0.7):
        site.index("mail", AT + part, uid=f"at-{part}")
    half = moment(AT) + timedelta(milliseconds=200)
    connector = site.connect(sources=[source(uid="uid")])
    assert uids(connector, PullWindow(since=half)) == ["at-0.4", "at-0.7"]
    assert uids(connector, PullWindow(until=half)) == ["at-0.1"]
