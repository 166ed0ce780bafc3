"""SPL as text: pipelines, quotes, subsearches and options."""

from __future__ import annotations

import pytest

from tests.servers.splunkd.spl.lexer import (
    SplError,
    options_and_rest,
    split_pipeline,
    tokenize,
    unquote,
)


class TestSplitPipeline:
    @pytest.mark.parametrize(
        ("text", "parts"),
        [
            ("search a | head 1", ["search a", "head 1"]),
            ("| makeresults", ["", "makeresults"]),
            ('search "a|b" | head', ['search "a|b"', "head"]),
            ("search [search x | head 1] | head", ["search [search x | head 1]", "head"]),
            ("search a ```no | comment``` | head", ["search a", "head"]),
            (r'search "a\"|b"', [r'search "a\"|b"']),
        ],
    )
    def test_splits_outside_quotes_and_subsearches(self, text: str, parts: list[str]) -> None:
        assert split_pipeline(text) == parts

    @pytest.mark.parametrize("text", ['search "a', "search [search x"])
    def test_refuses_what_is_not_closed(self, text: str) -> None:
        with pytest.raises(SplError, match=r"Unbalanced|Mismatched"):
            split_pipeline(text)


class TestTokenize:
    def test_knows_words_strings_operators_and_subsearches(self) -> None:
        found = [(token.kind, token.text) for token in tokenize('n>=4 user!="a b" [search x]')]
        assert found == [
            ("word", "n"), ("op", ">="), ("word", "4"), ("word", "user"), ("op", "!="),
            ("string", "a b"), ("sub", "search x"),
        ]  # fmt: skip

    def test_unquote_keeps_other_escapes(self) -> None:
        assert unquote(r'"a\"b\\c\d"') == r'a"b\c\d'
        assert unquote("plain") == "plain"


class TestOptions:
    def test_are_taken_out_of_the_arguments(self) -> None:
        options, rest = options_and_rest(
            'append=t lookup key_field="a b" n=1', ("append", "key_field")
        )
        assert options == {"append": "t", "key_field": "a b"}
        assert [token.text for token in rest] == ["lookup", "n", "=", "1"]
