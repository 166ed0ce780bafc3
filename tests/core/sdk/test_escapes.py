"""Escapes are decoded once; what holds nothing to show stays."""

from __future__ import annotations

import pytest

from sftsec_core.sdk.escapes import decode_escapes

TEXTS = {
    "a%20b": "a b",
    "%2541": "%41",
    "\\x41\\x42": "AB",
    "\\u0041": "A",
    "&#65;&#x42;&amp;": "AB&",
    "%00": "%00",
    "%e9": "\u00e9",
    "%0a": " ",
    "100% sure & more": "100% sure & more",
    "%": "%",
}


class TestDecodeEscapes:
    @pytest.mark.parametrize(("text", "decoded"), TEXTS.items())
    def test_decodes_one_level(self, text: str, decoded: str) -> None:
        assert decode_escapes(text) == decoded
