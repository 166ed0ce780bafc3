"""Which words of a text an encoder may be asked to guess."""

from __future__ import annotations

import pytest

from sftsec_core.recipes.content_words import content_words


def found(text: str) -> list[str]:
    numbers = content_words(text).tolist()
    return [
        "".join(c for c, n in zip(text, numbers, strict=True) if n == number)
        for number in dict.fromkeys(filter(None, numbers))
    ]


class TestContentWords:
    def test_words_stand_between_delimiters(self) -> None:
        text = "cmd.exe /c user_name=admin&x=1; ssh2 пароль"
        assert found(text) == ["cmd", "exe", "user", "name", "admin", "ssh2", "пароль"]

    @pytest.mark.parametrize(
        "text",
        [
            "443 10ms 0x1f 3.14 -7 a",
            "d41d8cd98f00b204e9800998ecf8427e deadbeef01 abcdefabcdefabcdef",
            "550e8400-e29b-41d4-a716-446655440000",
            "2026-01-02T03:04:05.123Z 2026-01-02 03:04:05 UTC 10:00:00 PM",
            "Mon, 12 Jan 2026 10:00:00 GMT | Jan 12 10:00:00 | 12/Jan/2026:10:00:00",
            "SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQA aGVsbG8gd29ybGQgMTIzNDU2",
            "== // -- {}[]() \n\t",
            "",
        ],
    )
    def test_what_is_chance_is_none(self, text: str) -> None:
        assert found(text) == []

    def test_words_like_hex_or_months_stay(self) -> None:
        assert found("defaced facade may have") == ["defaced", "facade", "may", "have"]
