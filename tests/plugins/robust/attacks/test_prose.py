"""Prose reads the same to a person: by its skeleton, by NFKC, or letter by letter."""

from __future__ import annotations

import unicodedata

import pytest

from sftsec_robust.attacks import prose
from sftsec_robust.canonical.characters import plain_characters
from tests.plugins.robust.asking import Rewrite, draws

TEXT = "Claim your free prize now, Mr Smith"
ALL = (
    prose.homoglyphs,
    prose.zero_width,
    prose.bidi,
    prose.marks,
    prose.full_width,
    prose.mixed_case,
    prose.spacing,
    prose.leet,
    prose.typos,
    prose.joined_words,
)


def skeleton(text: str) -> str:
    return plain_characters(text)


class TestReadsTheSame:
    @pytest.mark.parametrize(
        "rewrite", [prose.homoglyphs, prose.zero_width, prose.bidi, prose.marks, prose.full_width]
    )
    def test_by_the_skeleton_of_unicode(self, rewrite: Rewrite) -> None:
        made = set(draws(rewrite, TEXT, "prose"))
        assert len(made) > 3
        assert {skeleton(text) for text in made} == {TEXT}

    def test_full_width_by_compatibility(self) -> None:
        made = set(draws(prose.full_width, TEXT, "prose"))
        assert {unicodedata.normalize("NFKC", text) for text in made} == {TEXT}

    @pytest.mark.parametrize("rewrite", [prose.mixed_case, prose.joined_words])
    def test_by_letters_without_case(self, rewrite: Rewrite) -> None:
        made = {text.lower().replace(" ", "") for text in draws(rewrite, TEXT, "prose")}
        assert made == {TEXT.lower().replace(" ", "")}

    def test_spaced_words_keep_their_letters(self) -> None:
        for text in draws(prose.spacing, TEXT, "prose"):
            assert [c for c in text if c.isalpha()] == [c for c in TEXT if c.isalpha()]

    def test_leet_has_one_sign_a_letter(self) -> None:
        back = {sign: letter for letter, signs in prose.LEET.items() for sign in signs}
        for text in draws(prose.leet, TEXT, "prose"):
            assert len(text) == len(TEXT)
            assert all(
                a == b or a in prose.LEET[b.lower()] for a, b in zip(text, TEXT, strict=True)
            )
        assert back["0"] == "o"

    def test_typing_errors_keep_the_edges(self) -> None:
        for text in draws(prose.typos, TEXT, "prose"):
            pairs = list(zip(text.split(), TEXT.split(), strict=True))
            assert all((a[0], a[-1]) == (b[0], b[-1]) for a, b in pairs)
            assert all(set(a) == set(b) for a, b in pairs)


class TestAll:
    @pytest.mark.parametrize("rewrite", ALL)
    def test_placeholders_and_short_words_stay(self, rewrite: Rewrite) -> None:
        for text in draws(rewrite, "<EMAIL:0a1b2c3d> 42 !", "prose"):
            assert text == "<EMAIL:0a1b2c3d> 42 !"

    @pytest.mark.parametrize("rewrite", ALL)
    def test_equal_draws_give_equal_texts(self, rewrite: Rewrite) -> None:
        assert list(draws(rewrite, TEXT, "prose")) == list(draws(rewrite, TEXT, "prose"))
