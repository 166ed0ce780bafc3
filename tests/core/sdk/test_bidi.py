"""Text under an override is written as a screen shows it."""

from __future__ import annotations

import pytest

from sftsec_core.sdk.bidi import as_displayed

TEXTS = {
    "say \u202eeerf\u202c now": "say free now",
    "\u202dplain\u202c": "plain",
    "\u202eab\u202ecd\u202c\u202c": "cdba",
    "no end \u202eabc": "no end \u202eabc",
    "none": "none",
}


class TestAsDisplayed:
    @pytest.mark.parametrize(("text", "shown"), TEXTS.items())
    def test_turns_stretches_round(self, text: str, shown: str) -> None:
        assert as_displayed(text) == shown
