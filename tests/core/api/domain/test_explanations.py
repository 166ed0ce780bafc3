"""Explanations as values: what is shown of a text, and their JSON."""

from __future__ import annotations

import json

import pytest

from sftsec_core.api.domain import Explanation, visible
from tests.core.explained import explained


class TestVisible:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("plain words", "plain words"),
            ("a\x1b[31mb", "a\\x1b[31mb"),
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("user\u202egnp.exe", "user\\u202egnp.exe"),
            ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
            ("\ud800", "\\ud800"),
            ("nai\u0308ve \U0001f600", "nai\u0308ve \U0001f600"),
        ],
    )
    def test_shows_what_does_not_print(self, text: str, shown: str) -> None:
        assert visible(text) == shown

    def test_is_bounded_with_an_ellipsis(self) -> None:
        assert visible("x" * 80) == "x" * 80
        assert visible("x" * 1_000_000) == "x" * 79 + "\N{HORIZONTAL ELLIPSIS}"
        assert len(visible("\x1b" * 80)) == 80


class TestExplanation:
    def test_comes_back_from_json(self) -> None:
        given = explained("because of `prize`")
        assert Explanation.from_json(json.loads(json.dumps(given.to_json()))) == given

    def test_damaged_json_is_refused(self) -> None:
        value = explained("because of `prize`").to_json()
        del value["attributions"][0]["span"]
        with pytest.raises(KeyError):
            Explanation.from_json(value)
