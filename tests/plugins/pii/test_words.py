"""The words that say which finders have to look at a text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftsec_pii import vendors
from sftsec_pii.assigned import NAME_WORDS
from sftsec_pii.words import family, scan

# Hypothesis makes texts of a pattern, but knows no possessive quantifiers.
_VENDOR_FORM = re.compile(re.sub(r"(?<=[}*+])\+", "", vendors._VENDORS.pattern), re.ASCII)


class TestScan:
    @pytest.mark.parametrize("text", ["PassWord", "x\ud800password", "İ password", "a" * 70_000])
    def test_finds_words_whatever_their_case(self, text: str) -> None:
        found = scan(text)
        assert bool(found.words & NAME_WORDS) is ("pass" in text.lower())
        assert len(found.low) == len(text)

    @given(st.integers(1, 70_000))
    @settings(max_examples=50, deadline=None)
    def test_finds_a_word_at_any_place(self, place: int) -> None:
        assert scan("é" * place + "token").words & NAME_WORDS

    def test_knows_first_digit_and_longest_run(self) -> None:
        assert scan("ab cdef 1 2")[3:] == (8, 4)
        assert scan("")[3:] == (-1, 0)


class TestFamily:
    def test_of_capitals_is_refused(self) -> None:
        with pytest.raises(ValueError, match="Bearer"):
            family("Bearer")


class TestVendorKey:
    @given(st.from_regex(_VENDOR_FORM, fullmatch=True))
    @settings(max_examples=150, deadline=None)
    def test_of_any_form_is_looked_for(self, text: str) -> None:
        long = vendors._LONG.search(text)
        if long and vendors._VENDORS.search(text, *long.span()):
            assert vendors.has_vendor_key(scan(text))
