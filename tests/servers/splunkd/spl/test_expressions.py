"""Eval expressions: precedence, comparison and null."""

from __future__ import annotations

from typing import Any

import pytest

from tests.servers.splunkd.spl.expressions import compare, parse_expression
from tests.servers.splunkd.spl.lexer import SplError
from tests.servers.splunkd.spl.rows import Row

ROW: dict[str, Any] = {"n": "4", "user name": "ann", "user.id": "7", "many": ["1", "9"]}


def value(expression: str) -> Any:
    return parse_expression(expression)(Row(dict(ROW)))


class TestPrecedence:
    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            ("1+2*3", 7),
            ("-2*-3", 6),
            ("(1+2)*3", 9),
            ("7%4/2", 1.5),
            ('n*2 . "!"', "8!"),
            ("n=4 OR n=5 AND n=6", True),
            ("NOT n=4 OR n=4", True),
            ("n=4 XOR n=4", False),
            ("'user name'", "ann"),
            ("'user.id' + 1", 8),
            (r'"a\"b\d"', r'a"b\d'),
        ],
    )
    def test_binds_as_in_splunk(self, expression: str, expected: Any) -> None:
        assert value(expression) == expected


class TestNull:
    @pytest.mark.parametrize("expression", ["missing + 1", "missing . n", "missing = 1", "1/0"])
    def test_spreads_to_the_result(self, expression: str) -> None:
        assert value(expression) is None

    def test_is_not_true_in_a_condition(self) -> None:
        assert value("missing=1 OR n=4") is True
        assert value("NOT missing=1") is True


class TestCompare:
    @pytest.mark.parametrize(
        ("sign", "one", "other", "expected"),
        [
            ("<", "9", "10", True),
            ("<", "9", "a", True),
            ("<", "b", "a", False),
            ("=", "4.0", "4", True),
            ("=", "Ann", "ann", False),
            ("=", ["1", "9"], "9", True),
            ("!=", ["1", "9"], "9", True),
        ],
    )
    def test_reads_numbers_where_both_are(
        self, sign: str, one: Any, other: Any, expected: bool
    ) -> None:
        assert compare(sign, one, other) is expected


class TestErrors:
    @pytest.mark.parametrize("expression", ["", "n >", "(n", "n 4", "len(", "n ==", "#"])
    def test_a_malformed_expression_names_its_command(self, expression: str) -> None:
        with pytest.raises(SplError, match="Error in 'where' command: The expression is malformed"):
            parse_expression(expression, "where")
