"""Noise changes one letter within words, and nothing that the redaction left."""

from __future__ import annotations

from sftsec_robust.noise import letter_noise
from tests.plugins.robust.asking import draws

TEXT = "Claim your <EMAIL:0123abcd> prize now"


class TestLetterNoise:
    def test_keeps_the_ends_of_words(self) -> None:
        made = list(draws(letter_noise, TEXT, "prose"))
        assert len(set(made)) > 5
        for text in made:
            for word, noisy in zip(TEXT.split(), text.split(), strict=True):
                assert (noisy[0], noisy[-1]) == (word[0], word[-1])
                assert len(word) - len(noisy) in {0, 1}

    def test_leaves_placeholders_and_short_words(self) -> None:
        for text in draws(letter_noise, TEXT, "prose"):
            assert "<EMAIL:0123abcd>" in text
            assert text.endswith(" now")
