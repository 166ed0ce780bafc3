"""Values by dotted name: fields, objects, and paths into lists of objects."""

from __future__ import annotations

from typing import Any

import pytest

from sftsec_core.sdk.fields import as_text, find_value, select_fields
from sftsec_core.sdk.records import flatten

ALERTS = [{"title": "first", "source": {"ip": "10.0.0.1"}}, {"title": "second"}, "odd", {"x": 1}]


class TestFindValue:
    @pytest.mark.parametrize(
        ("record", "name", "value"),
        [
            ({"a": 5}, "a", 5),
            ({"a": {"b": [1, 2]}}, "a.b", [1, 2]),
            ({"a": None}, "a", None),
            ({}, "a", None),
            ({"ab": 1}, "a", None),
        ],
    )
    def test_takes_a_fields_own_value(self, record: dict[str, Any], name: str, value: Any) -> None:
        assert find_value(flatten(record, 9), name) == value

    def test_puts_an_object_together_again(self) -> None:
        record = {"eventName": "RunInstances", "request": {"b": {"d": 2, "c": 1}, "a": "x"}}
        found = find_value(flatten(record, 9), "request")
        assert as_text(found) == '{"a":"x","b":{"c":1,"d":2}}'

    def test_reads_an_object_nested_or_dotted(self) -> None:
        assert find_value({"r.a": 1, "r.b.c": 2}, "r") == {"a": 1, "b": {"c": 2}}

    def test_keeps_a_value_beside_its_object(self) -> None:
        assert find_value({"r.a": 1, "r.a.b": 2}, "r") == {"a": 1, "a.b": 2}

    def test_follows_a_path_into_lists(self) -> None:
        assert find_value({"alerts": ALERTS}, "alerts.title") == "first\nsecond"
        assert find_value({"alerts": ALERTS}, "alerts.source.ip") == "10.0.0.1"
        assert find_value({"alerts": ALERTS}, "alerts.absent") is None
        assert find_value({"case.alerts": [{"a.b": [7]}]}, "case.alerts.a.b") == 7

    def test_leaves_private_names_out_of_an_object(self) -> None:
        flat = {"alert.name": "x", "alert.verdict": "malicious"}
        private = {"alert.verdict"}
        assert find_value(flat, "alert", private.__contains__) == {"name": "x"}
        assert find_value({"alert.verdict": "bad"}, "alert", private.__contains__) is None


def test_select_fields_leaves_out_absent_names() -> None:
    assert select_fields({"a": 1, "b.c": 2, "n": None}, ("a", "b", "n", "z")) == {
        "a": 1,
        "b": {"c": 2},
    }


class TestAsText:
    def test_writes_what_orjson_refuses(self) -> None:
        assert as_text([10**30, "a\udc00", {"b": 1, "a": None}]) == (
            '[1000000000000000000000000000000,"a\udc00",{"a":null,"b":1}]'
        )
