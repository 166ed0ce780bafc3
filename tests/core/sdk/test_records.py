"""From a platform's record to flat fields, verdicts and times, or to a reason why not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from sftsec_core.sdk.records import (
    UnusableError,
    flatten,
    parse_time,
    refuse_long_values,
    single,
    verdict_values,
)
from sftsec_core.sdk.times import TimeReader

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def nested(depth: int, *, lists: bool = False) -> dict[str, Any]:
    """A record of so many objects, or lists of objects, within one another."""
    value: Any = "x"
    for _ in range(depth - 1):
        value = [value] if lists else {"k": value}
    return {"k": value}


class TestFlatten:
    def test_joins_names_and_keeps_lists(self) -> None:
        record = {"a": {"b": {"c": 1}, "d.e": 2}, "f": [{"g": 3}], "h": {}}
        assert flatten(record, 9) == {"a.b.c": 1, "a.d.e": 2, "f": [{"g": 3}]}

    @pytest.mark.parametrize("lists", [False, True])
    def test_refuses_deeper_nesting(self, lists: bool) -> None:
        assert flatten(nested(4, lists=lists), 4)
        with pytest.raises(UnusableError, match="deeper than max_depth"):
            flatten(nested(5, lists=lists), 4)

    @pytest.mark.parametrize(
        "record",
        [
            {"a.b": 1, "a": {"b": 2}},
            {"a": {"b": "x"}, "a.b": "y"},
            {"a": {"b.c": [1]}, "a.b": {"c": [2]}},
            {"a.b": "true", "a": {"b": 1}},
            {"a.b": ["x", "y"], "a": {"b": "x"}},
        ],
    )
    def test_refuses_two_values_of_one_field(self, record: dict[str, Any]) -> None:
        with pytest.raises(UnusableError, match=r"'a\.b(\.c)?' is there twice, nested and under"):
            flatten(record, 9)

    def test_refuses_names_that_grow_without_bound(self) -> None:
        inner = {str(n): {"x": 1} for n in range(400)}
        assert len(flatten({"k" * 40_000: inner}, 9)) == 400
        with pytest.raises(UnusableError, match="dotted names of its fields are too long"):
            flatten({"k" * 50_000: inner}, 9)

    def test_takes_a_repeated_value_once(self) -> None:
        assert flatten({"a.b": None, "a": {"b": 2}}, 9) == {"a.b": 2}
        assert flatten({"a.b": 2, "a": {"b": 2}}, 9) == {"a.b": 2}
        assert flatten({"a": {"b": 2}, "a.b": None}, 9) == {"a.b": 2}

    @pytest.mark.parametrize("other", [1, 1.0, "1", [1], ["1"]])
    def test_takes_equal_values_once(self, other: object) -> None:
        assert flatten({"a.b": 1, "a": {"b": other}}, 9) == {"a.b": 1}

    def test_depth_is_bounded_before_recursion(self) -> None:
        with pytest.raises(UnusableError, match="deeper than max_depth"):
            flatten(nested(100_000), 32)


class TestVerdictValues:
    def test_reads_one_or_several(self) -> None:
        assert verdict_values("bad", "label") == ["bad"]
        assert verdict_values(["bad", True, False, 5, 0.5], "label") == [
            *("bad", "true", "false", "5", "0.5")
        ]

    def test_whole_number_has_no_decimals(self) -> None:
        given = [1.0, -0.0, 2.5, Decimal("3.00"), Decimal("0.5"), True, 1e300]
        words = ["1", "0", "2.5", "3", "0.5", "true", "1e+300"]
        assert verdict_values(given, "label") == words

    @pytest.mark.parametrize("value", [float("nan"), "nan", " NaN", Decimal("nan")])
    def test_no_number_is_no_verdict(self, value: object) -> None:
        assert verdict_values(value, "label") == []
        assert verdict_values([value, "bad"], "label") == ["bad"]

    @pytest.mark.parametrize("value", [{"a": 1}, [["bad"]], [None]])
    def test_refuses_objects_and_lists_within(self, value: object) -> None:
        with pytest.raises(UnusableError, match="'label' holds a"):
            verdict_values(value, "label")


class TestRefuseLongValues:
    @pytest.mark.parametrize("value", ["é" * 5, ["abcdef"]])
    def test_counts_bytes_and_names_the_field(self, value: object) -> None:
        refuse_long_values({"short": value, "number": 10**9}, 10)
        with pytest.raises(UnusableError, match=r"'long' has 10 bytes.*\(9\)"):
            refuse_long_values({"long": value}, 9)


class TestParseTime:
    @pytest.mark.parametrize(
        "value",
        [
            "2026-01-02T12:00:00Z",
            "2026-01-02T13:00:00+01:00",
            "2026-01-02 12:00",
            1767355200,
            1767355200.0,
            1767355200000,
            "1767355200",
            "Jan 2, 2026 @ 12:00:00.000",
            ["2026-01-02T12:00:00Z"],
            NOON.replace(tzinfo=None),
            NOON.astimezone(timezone(timedelta(hours=9))),
        ],
    )
    def test_reads_every_usual_form(self, value: object) -> None:
        found = parse_time(value, "at")
        assert found == NOON
        assert found.tzinfo is not None

    def test_empty_value_is_no_time(self) -> None:
        assert parse_time(None, "at") is parse_time("", "at") is None

    @pytest.mark.parametrize("value", ["yesterday", float("nan"), 10**30, [], {}, True])
    def test_refuses_anything_else_by_name(self, value: object) -> None:
        with pytest.raises(UnusableError, match="'at' is"):
            parse_time(value, "at")

    def test_reads_by_the_given_reader(self) -> None:
        reader = TimeReader(("%d/%m/%Y %H:%M",), "Europe/Berlin")
        assert parse_time("02/01/2026 13:00", "at", reader) == NOON
        with pytest.raises(UnusableError, match="'at' is in none of the forms of `time_format`"):
            parse_time("2026-01-02T12:00:00Z", "at", reader)


class TestSingle:
    @pytest.mark.parametrize("value", [["a"], "a"])
    def test_takes_the_only_element(self, value: object) -> None:
        assert single(value) == "a"

    @pytest.mark.parametrize("value", [[], ["a", "b"], {"a": 1}, None])
    def test_leaves_all_else_alone(self, value: object) -> None:
        assert single(value) is value
