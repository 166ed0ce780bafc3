"""Terms of the search command."""

from __future__ import annotations

import pytest

from tests.servers.splunkd.spl.lexer import SplError
from tests.servers.splunkd.spl.rows import Row
from tests.servers.splunkd.spl.terms import parse_terms

ROW = Row({"user": "Ann", "n": "9", "tag": ["a", "b"], "_raw": "user=Ann action=login-failed"})


def matches(source: str, subsearch: list[Row] | None = None) -> bool:
    return parse_terms(source, lambda _: subsearch or []).matches(ROW)


class TestMatches:
    @pytest.mark.parametrize(
        "source",
        [
            "",
            "*",
            "user=ann",
            "user=a*",
            "n>10 OR user=ann",
            "n<10",
            "tag=b",
            "NOT user=bob",
            "user!=bob",
            "user IN (bob, ann)",
            "login",
            '"action=login-failed"',
            "user=ann (n=8 OR n=9)",
            "TERM(login-failed)",
        ],
    )
    def test_a_row_with_these_terms(self, source: str) -> None:
        assert matches(source)

    @pytest.mark.parametrize(
        "source",
        ["user=bob", "log", "missing!=x", "NOT user=*", "n>10", "user=ann n=8", "tag=c"],
    )
    def test_no_row_without_them(self, source: str) -> None:
        assert not matches(source)

    def test_or_binds_closer_than_an_implied_and(self) -> None:
        assert not matches("user=bob n=9 OR n=8")
        assert matches("user=ann n=7 OR n=9")

    def test_a_subsearch_is_one_of_its_rows(self) -> None:
        rows = [Row({"user": "ann", "n": "8"}), Row({"user": "ann", "n": "9"})]
        assert matches("[inner]", rows)
        assert not matches("[inner]", rows[:1])
        assert not matches("[inner]", [])


class TestScope:
    def test_indexes_and_times_are_read(self) -> None:
        terms = parse_terms("index=main OR index IN (a, b) earliest=-1h latest=now", lambda _: [])
        assert terms.indexes == ["main", "a", "b"]
        assert terms.times == {"earliest": "-1h", "latest": "now"}


class TestErrors:
    @pytest.mark.parametrize("source", ["(a", "a)", "n=", "n IN 1", "= 4"])
    def test_unbalanced_or_incomplete_terms_are_refused(self, source: str) -> None:
        with pytest.raises(SplError, match="Unable to parse the search"):
            parse_terms(source, lambda _: [])
