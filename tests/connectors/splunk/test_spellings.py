"""Fields of JSON under their plain names: arrays of one, and null."""

from __future__ import annotations

from typing import Any

import pytest

from sftsec_splunk.spellings import spellings, with_arrays
from tests.connectors.splunk.pulls import (
    AT,
    LABELLED,
    UNLABELLED,
    moment,
    pulled,
    rejected,
    said,
    source,
    uids,
)
from tests.connectors.splunk.sites import Site


class TestSpellings:
    def test_mark_arrays_and_objects(self) -> None:
        assert spellings("to") == ["to", "to{}", "to.*", "to{}.*"]
        assert len(spellings("a.b.c")) == 16
        assert {"a{}.b.c", "a.b{}.c{}", "a{}.b.c.*"} < set(spellings("a.b.c"))
        assert with_arrays("a{}.b") == ["a{}.b"]


class TestLabel:
    @pytest.mark.parametrize(
        ("told", "words"),
        [
            (["bad"], ["bad"]),
            (["bad", "good"], ["bad", "good"]),
            ([None, "bad", "nan"], ["bad"]),
            (None, []),
            ("null", []),
            (" NaN ", []),
            (float("nan"), []),
            ("", []),
            ([], []),
            (1.0, ["1.0"]),
            (True, ["true"]),
            ("True Positive - Suspicious Activity", ["True Positive - Suspicious Activity"]),
        ],
    )
    def test_is_read_or_is_none(
        self, shared_site: Site, index: str, told: Any, words: list[str]
    ) -> None:
        shared_site.index(index, AT, uid=["one"], told=told, who=["ann"], when=[AT])
        given = source(
            search=f"index={index}", uid="uid", label="told", analyst="who", verdict_time="when"
        )
        connector = shared_site.connect(sources=[given])
        found = pulled(connector, LABELLED)
        assert [pair for each in found for pair in said(each)] == [(word, "ann") for word in words]
        assert {v.at for each in found for v in each.verdicts} <= {moment(AT)}
        assert uids(connector, UNLABELLED) == ([] if words else ["one"])
        assert rejected(connector) == []

    def test_may_be_in_a_list_of_objects(self, shared_site: Site, index: str) -> None:
        judged = [{"word": "bad", "by": "ann"}]
        shared_site.index(index, AT, uid="one", judged=judged)
        given = source(search=f"index={index}", label="judged.word", analyst="judged.by", uid="uid")
        [incident] = pulled(shared_site.connect(sources=[given]), LABELLED)
        assert said(incident) == [("bad", "ann")]
        assert not [name for name in incident.fields if name.startswith("judged")]


class TestTime:
    @pytest.mark.parametrize(
        ("when", "seconds"),
        [
            ("1767600000.5", AT + 0.5),
            (1767600000123, AT + 0.123),
            (["1767600000"], AT),
            ("1.7676e9", AT),
            ("soon", None),
            ("NaN", None),
            (None, None),
            (True, None),
            ([], None),
            ([AT, AT + 1], None),
            ({"a": 1}, None),
            ("1e30", None),
            ("-1e15", None),
        ],
    )
    def test_is_a_number_or_counted(
        self, shared_site: Site, index: str, when: Any, seconds: float | None
    ) -> None:
        shared_site.index(index, AT + 9, uid="one", when=when)
        for order in ("index_time", "event_time"):
            given = source(search=f"index={index}", uid="uid", time="when", order=order)
            connector = shared_site.connect(sources=[given])
            assert [each.at for each in pulled(connector)] == (
                [] if seconds is None else [moment(seconds)]
            )
            assert len(rejected(connector)) == (1 if seconds is None else 0)


class TestUid:
    @pytest.mark.parametrize("uid", [None, "null", " ", "nan", []])
    def test_without_a_value_is_counted(self, shared_site: Site, index: str, uid: Any) -> None:
        shared_site.index(index, AT, uid=uid)
        connector = shared_site.connect(sources=[source(search=f"index={index}", uid="uid")])
        assert (uids(connector), len(rejected(connector))) == ([], 1)
