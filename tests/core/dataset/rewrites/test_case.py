"""Case changes where it says nothing, and only there."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from sftsec_core.dataset.rewrites.case import change_case
from sftsec_core.dataset.rewrites.draw import KeyedDraw
from tests.core.dataset.rewrites.texts import KEYS, MOST_SECONDS, TEXTS, slowest

DRAWS = [KeyedDraw.of(13, "ab", number) for number in range(12)]


def forms(text: str) -> set[str]:
    return {change_case(text, draw) for draw in DRAWS}


class TestChangeCase:
    @given(TEXTS, KEYS)
    def test_nothing_but_case_changes(self, text: str, draw: KeyedDraw) -> None:
        assert change_case(text, draw).casefold() == text.casefold()

    @given(TEXTS, KEYS)
    def test_twice_is_as_once(self, text: str, draw: KeyedDraw) -> None:
        once = change_case(text, draw)
        assert change_case(once, draw) == once

    @given(TEXTS, KEYS)
    def test_quotes_and_placeholders_stay(self, text: str, draw: KeyedDraw) -> None:
        quoted = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|<[A-Z]{2,8}:[0-9a-f]{8}>")
        assert quoted.findall(change_case(text, draw)) == quoted.findall(text)

    @pytest.mark.parametrize(
        ("text", "same"),
        [
            ("https://Host.example/P?Q", {"https://host.example/P?Q", "https://HOST.EXAMPLE/P?Q"}),
            ("Powershell -NoP -enc SQB", {"powershell -nop -enc SQB", "POWERSHELL -NOP -ENC SQB"}),
            ("x C:\\Temp\\A.exe", {"x c:\\temp\\a.exe", "x C:\\TEMP\\A.EXE"}),
            ("(New-Object X)", {"(new-object X)", "(NEW-OBJECT X)", "(New-Object X)"}),
        ],
    )
    def test_each_kind_has_its_forms(self, text: str, same: set[str]) -> None:
        assert forms(text) == same

    @pytest.mark.parametrize(
        "text",
        [
            "curl -o A.sh -s u",
            "ls -L -A",
            "'C:\\Temp\\A' \"https://Host.example/\"",
            "/tmp/Powershell -NoP",
            "smb://Host.example/Share",
            "SQBFAFgAIAAoAE4A",
            "My-New-Object-Name",
        ],
    )
    def test_where_case_may_matter_it_stays(self, text: str) -> None:
        assert forms(text) == {text}

    def test_large_texts_take_bounded_time(self) -> None:
        assert slowest(lambda text: change_case(text, DRAWS[0])) < MOST_SECONDS
