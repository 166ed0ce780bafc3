"""Aggregations of stats."""

from __future__ import annotations

from typing import Any

import pytest

from tests.servers.splunkd.spl.lexer import SplError
from tests.servers.splunkd.spl.rows import Row
from tests.servers.splunkd.spl.stats import grouped, parse_stats

ROWS = [
    Row({"_time": 3, "n": "10", "user": "ann", "tag": ["a", "b"]}),
    Row({"_time": 2, "n": "9", "user": "bob", "tag": ["b"]}),
    Row({"_time": 1, "n": "2", "user": "ann"}),
]


def figure(source: str) -> Any:
    [found], _ = parse_stats(source, "stats")
    return found.of(ROWS)


class TestAggregations:
    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("count", 3),
            ("count(tag)", 3),
            ('count(eval(user="ann"))', 2),
            ("dc(user)", 2),
            ("sum(n)", 21),
            ("avg(n)", 7),
            ("median(n)", 9),
            ("min(n)", 2),
            ("max(user)", "bob"),
            ("range(n)", 8),
            ("p50(n)", 9),
            ("perc95(n)", 10),
            ("values(tag)", ["a", "b"]),
            ("list(tag)", ["a", "b", "b"]),
            ("latest(user)", "ann"),
            ("earliest(n)", "2"),
            ("mode(user)", "ann"),
            ("sum(user)", None),
            ("avg(missing)", None),
        ],
    )
    def test_have_the_values_of_the_reference(self, source: str, expected: Any) -> None:
        assert figure(source) == expected


class TestParse:
    def test_names_figures_and_groups(self) -> None:
        figures, by = parse_stats('count, dc(user) as "who is it" sum(n) by user, tag', "stats")
        assert [each.name for each in figures] == ["count", "who is it", "sum(n)"]
        assert by == ["user", "tag"]

    @pytest.mark.parametrize("source", ["", "by user", "nope(n)", "sum"])
    def test_refuses_unknown_aggregations(self, source: str) -> None:
        with pytest.raises(SplError, match="Error in 'stats' command"):
            parse_stats(source, "stats")


class TestGrouped:
    def test_puts_rows_under_each_value(self) -> None:
        groups = grouped(ROWS, ["tag"])
        assert {key: len(rows) for key, rows in groups.items()} == {("a",): 1, ("b",): 2}

    def test_without_fields_all_rows_are_one_group(self) -> None:
        assert list(grouped(ROWS, [])) == [()]
