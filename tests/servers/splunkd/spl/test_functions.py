"""Functions of eval, as Splunk's search reference describes them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.servers.splunkd.spl.expressions import parse_expression
from tests.servers.splunkd.spl.functions import find_function
from tests.servers.splunkd.spl.lexer import SplError
from tests.servers.splunkd.spl.rows import Row

ROW: dict[str, Any] = {
    "n": "4", "name": "Ann", "empty": "", "many": ["b", "a", "b"], "ip": "10.1.2.3",
    "event_id": "A@@notable@@B", "json": '{"a": {"b": [1, 2]}, "c": "x"}',
}  # fmt: skip


def value(expression: str) -> Any:
    return parse_expression(expression)(Row(dict(ROW)))


class TestChoices:
    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            ('if(n>3, "big", "small")', "big"),
            ('if(missing>3, "big", "small")', "small"),
            ('case(n=1, "one", n=4, "four", true(), "other")', "four"),
            ('case(n=1, "one")', None),
            ("coalesce(missing, name, n)", "Ann"),
            ('coalesce(missing, if(like(event_id, "%@@%"), event_id, null()))', "A@@notable@@B"),
            ('in(name, "Bob", "Ann")', True),
            ("nullif(n, n)", None),
            ("isnull(missing)", True),
            ('isnotnull("")', True),
        ],
    )
    def test_follow_their_conditions(self, expression: str, expected: Any) -> None:
        assert value(expression) == expected

    def test_evaluate_the_chosen_branch_alone(self) -> None:
        with pytest.raises(SplError, match="Regex"):
            value('if(n=4, replace(name, "(", ""), "x")')
        assert value('if(n=5, replace(name, "(", ""), "x")') == "x"


class TestText:
    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            ("substr(name, 2)", "nn"),
            ("substr(name, -2, 1)", "n"),
            ("substr(sha256(name), 1, 8)", "17239b6e"),
            (r'replace(ip, "(\d+)\.(\d+)", "\2.\1")', "1.10.3.2"),
            ('like(name, "A_%")', True),
            ('like(name, "a%")', False),
            ('match(ip, "^10\\.")', True),
            ('cidrmatch("10.0.0.0/8", ip)', True),
            ('cidrmatch("10.0.0.0/8", name)', False),
            ('trim("  x ")', "x"),
            ('ltrim("0071", "0")', "71"),
            ('tostring(1234567, "commas")', "1,234,567"),
            ('tostring(3725, "duration")', "01:02:05"),
            ('tostring(255, "hex")', "0xff"),
            ('tonumber("ff", 16)', 255),
            ('tonumber("no")', None),
            ('len("größe")', 5),
            ("lower(missing)", None),
        ],
    )
    def test_have_the_values_of_the_reference(self, expression: str, expected: Any) -> None:
        assert value(expression) == expected


class TestMultivalue:
    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            ("mvcount(many)", 3),
            ("mvcount(missing)", None),
            ("mvindex(many, 1)", "a"),
            ("mvindex(many, -2, -1)", ["a", "b"]),
            ("mvdedup(many)", ["b", "a"]),
            ("mvsort(many)", ["a", "b", "b"]),
            ('mvjoin(many, "-")', "b-a-b"),
            ('mvfind(many, "^a$")', 1),
            ('mvzip(many, many, "=")', ["b=b", "a=a", "b=b"]),
            ("mvappend(name, many)", ["Ann", "b", "a", "b"]),
            ('split(ip, ".")', ["10", "1", "2", "3"]),
            ('split("x", ",")', "x"),
        ],
    )
    def test_take_and_give_several_values(self, expression: str, expected: Any) -> None:
        assert value(expression) == expected


class TestNumbersAndTimes:
    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            ("round(2.5)", 3),
            ("round(-2.5)", -3),
            ("round(2.345, 2)", 2.35),
            ("floor(-1.5)", -2),
            ("ceiling(1.2)", 2),
            ("ln(0)", None),
            ("max(n, 10, 9)", 10),
            ('max("b", 10)', "b"),
            ('strftime(0, "%Y-%m-%d %H:%M:%S")', "1970-01-01 00:00:00"),
            ('strftime(1.25, "%S.%3N")', "01.250"),
            ('strptime("2026-01-05", "%Y-%m-%d")', 1767571200.0),
            ('strptime("no", "%Y-%m-%d")', None),
            ('relative_time(86399, "@d")', 0.0),
        ],
    )
    def test_have_the_values_of_the_reference(self, expression: str, expected: Any) -> None:
        assert value(expression) == expected


class TestJson:
    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            ('json_extract(json, "c")', "x"),
            ('json_extract(json, "a")', '{"b": [1, 2]}'),
            ('json_extract(json, "no")', None),
            ('json_extract(name, "a")', None),
            ('spath(json, "a.b{}")', ["1", "2"]),
        ],
    )
    def test_is_read_by_path(self, expression: str, expected: Any) -> None:
        assert value(expression) == expected


class TestFindFunction:
    def test_an_unknown_function_names_its_command(self) -> None:
        with pytest.raises(SplError, match="Error in 'where' command: The 'nope' function"):
            find_function("nope", "where")

    @pytest.mark.parametrize("expression", ["len()", "if(true(), 1)", 'substr("x")', "now(1)"])
    def test_refuses_a_wrong_number_of_arguments(self, expression: str) -> None:
        with pytest.raises(SplError, match=r"arguments to the .* function are invalid"):
            value(expression)
