"""The script of a text."""

from __future__ import annotations

import pytest

from sftsec_core.sdk.scripts import script_of


class TestScriptOf:
    @pytest.mark.parametrize(
        ("text", "script"),
        [
            ("Verify your account", "Latin"),
            ("Подтвердите ваш аккаунт abc", "Cyrillic"),
            ("确认您的帐户", "Cjk"),
            ("1234 --- !!", ""),
            ("", ""),
            ("\ud800", ""),
        ],
    )
    def test_is_that_of_most_letters(self, text: str, script: str) -> None:
        assert script_of(text) == script
