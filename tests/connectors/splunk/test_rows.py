"""From a row of a search to a record."""

from __future__ import annotations

from typing import Any

import pytest

from sftsec_core.api.domain import PullWindow
from sftsec_core.api.errors import ConnectorError
from tests.connectors.splunk.pulls import (
    AT,
    BOTH,
    LABELLED,
    UNLABELLED,
    moment,
    pulled,
    rejected,
    source,
    uids,
)
from tests.connectors.splunk.sites import Site
from tests.servers.splunkd.events import Origin


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

    @pytest.mark.parametrize("per_second", [1, 10**3, 10**6, 10**9])
    def test_may_have_a_time_of_any_unit(self, site: Site, per_second: int) -> None:
        whole = 1767600000
        site.splunk.lookups.files["told.csv"] = [
            {"uid": f"uid-{n}", "when": str((whole + n) * per_second)} for n in range(3)
        ]
        told = source(search="| inputlookup told.csv", uid="uid", time="when")
        window = PullWindow(since=moment(whole + 1), until=moment(whole + 2))
        [incident] = pulled(site.connect(sources=[told]), window)
        assert (incident.uid, incident.at) == ("uid-1", moment(whole + 1))

    def test_outside_1990_to_tomorrow_is_rejected(self, site: Site) -> None:
        site.splunk.lookups.files["told.csv"] = [
            {"uid": "old", "when": "1000"},
            {"uid": "one", "when": str(AT)},
            {"uid": "late", "when": "9000000000"},
        ]
        told = source(search="| inputlookup told.csv", uid="uid", time="when")
        connector = site.connect(sources=[told])
        assert uids(connector) == ["one"]
        assert [each.where for each in rejected(connector)] == ["old", "late"]
        assert uids(site.connect(sources=[told], any_time=True)) == ["old", "one", "late"]

    def test_without_name_or_time_is_reported(self, site: Site) -> None:
        site.splunk.lookups.files["told.csv"] = [
            {"uid": "one", "when": str(AT)},
            {"uid": "", "when": str(AT + 1)},
            {"uid": "late", "when": "never"},
        ]
        told = source(search="| inputlookup told.csv", uid="uid", time="when")
        connector = site.connect(sources=[told])
        assert uids(connector) == ["one"]
        untimed, unnamed = rejected(connector)
        assert (untimed.where, unnamed.where) == ("late", f"result at {AT * 1000 + 1000:.0f}")
        assert untimed.reason.startswith("'when' is no number of seconds to nanoseconds since")
        assert unnamed.reason == "it has no name: 'uid' is empty, or has several values"
        assert untimed.digest
        assert unnamed.digest
        window = PullWindow(since=moment(AT), until=moment(AT + 1))
        assert [each.where for each in rejected(connector, window)] == ["late"]

    def test_may_have_other_field_names(self, site: Site) -> None:
        fields: dict[str, Any] = {"uid": "one", "Subject Line": "win", "to": ["a", "b"]}
        site.index("mail", AT, told="bad", **fields)
        names = {"email.subject": "Subject Line", "email.to": "to", "text": "told"}
        renamed = source(uid="uid", label="told", rename=names)
        connector = site.connect(sources=[renamed])
        for wanted in ((), ("email.subject", "email.to")):
            [incident] = pulled(connector, PullWindow(fields=wanted))
            assert incident.fields["email.subject"] == "win"
            assert incident.fields["email.to"] == ["a", "b"]
            assert not {"Subject Line", "to", "told", "text"} & set(incident.fields)
        with pytest.raises(ConnectorError, match="'text' holds what analysts said"):
            pulled(connector, PullWindow(fields=("text",)))
        fields = {"email.subject": "a", "Subject Line": "b"}
        site.index("mail", AT + 1, uid="two", told="bad", **fields)
        assert [each.reason for each in rejected(connector)] == [
            "'email.subject' is there, and 'Subject Line' is renamed to it"
        ]

    def test_may_have_a_foreign_detection_id(self, site: Site) -> None:
        site.index("mail", AT, uid="one", detection_id="edr-7")
        connector = site.connect(sources=[source(uid="uid")])
        assert uids(connector, UNLABELLED) == uids(connector, BOTH) == ["one"]

    def test_may_hold_half_a_character(self, site: Site) -> None:
        site.splunk.index_event(
            '{"uid": "one", "text": "a\\ud800b"}', AT, Origin("mail"), indexed_at=AT
        )
        site.index("mail", AT + 1, uid="two")
        first, second = pulled(site.connect(sources=[source(uid="uid")]))
        assert (first.uid, first.fields["text"], second.uid) == ("one", "a?b", "two")


SHAPES: dict[str, Any] = {
    "requestParameters": {"userName": "eve", "tags": ["a", "b"], "verdict": "bad"},
    "alerts": [{"title": "one", "by": {"name": "x"}}, {"title": "two"}],
    "lonely": ["only"],
    "empty": [],
    "blank": "",
    "nothing": None,
    "number": 1.0,
    "yes": True,
    "deep": {"a": {"b": [{"c": 5}]}},
}


class TestShape:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("requestParameters", {"userName": "eve", "tags": ["a", "b"], "verdict": "bad"}),
            ("requestParameters.userName", "eve"),
            ("requestParameters.tags", ["a", "b"]),
            ("alerts.title", ["one", "two"]),
            ("alerts.by.name", "x"),
            ("alerts", {"title": ["one", "two"], "by": {"name": "x"}}),
            ("lonely", "only"),
            ("number", "1.0"),
            ("yes", "true"),
            ("deep", {"a": {"b": {"c": "5"}}}),
            ("deep.a.b.c", "5"),
            ("blank", ""),
            ("empty", None),
            ("nothing", "null"),
            ("alerts.nothing", None),
        ],
    )
    def test_is_read_by_its_plain_name(
        self, shared_site: Site, index: str, name: str, value: object
    ) -> None:
        shared_site.index(index, AT, **SHAPES)
        connector = shared_site.connect(sources=[source(search=f"index={index}")])
        [incident] = pulled(connector, PullWindow(fields=(name,)))
        assert dict(incident.fields) == ({} if value is None else {name: value})
        [whole] = pulled(connector)
        assert not [each for each in whole.fields if "{}" in each]

    @pytest.mark.parametrize("label", ["label", "label.word"])
    def test_never_brings_the_label(self, shared_site: Site, index: str, label: str) -> None:
        shared_site.index(index, AT, label={"word": "bad", "why": "x"}, text="t")
        told = source(search=f"index={index}", label=label, private=["label.why"])
        connector = shared_site.connect(sources=[told])
        for window in (PullWindow(), PullWindow(fields=("text",))):
            found = {name for each in pulled(connector, window) for name in each.fields}
            assert found <= {"text", "host", "index", "source", "sourcetype"}

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"to": "x", "to{}": "y"}, "'to' is there twice, as a value and as an array"),
            ({"to": ["x"], "to{}": "x"}, None),
        ],
    )
    def test_may_be_there_twice(
        self, shared_site: Site, index: str, fields: dict[str, Any], reason: str | None
    ) -> None:
        shared_site.index(index, AT, **fields)
        connector = shared_site.connect(sources=[source(search=f"index={index}")])
        assert [each.reason for each in rejected(connector)] == ([reason] if reason else [])
        assert len(pulled(connector)) == (0 if reason else 1)
