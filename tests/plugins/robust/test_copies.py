"""Copies are what the model reads otherwise: a disguise that it undoes is none."""

from __future__ import annotations

from random import Random

from sftsec_robust.canonical.text import canonical_text
from sftsec_robust.copies import Disguiser, rewritten
from sftsec_robust.settings import CanonicalSettings

TEXT = "Claim your free prize now, Mr Smith"
BENIGN = ("Lunch on Thursday?", "See the minutes below.")


def read(text: str) -> str:
    return canonical_text(text, CanonicalSettings())


class TestDisguiser:
    def test_copies_differ_as_they_are_read(self) -> None:
        disguiser = Disguiser(BENIGN, copies=4, chain=2, seed=1, read=read)
        copies = list(disguiser.of("a", TEXT))
        assert 2 <= len(copies) == len({*copies, read(TEXT)}) - 1 <= 4
        assert all(read(copy) == copy for copy in copies)

    def test_row_has_the_same_copies_anywhere(self) -> None:
        first, second = (
            list(Disguiser(BENIGN, copies=2, chain=2, seed=1).of("a", TEXT)) for _ in "12"
        )
        assert first == second

    def test_empty_text_has_none(self) -> None:
        assert not list(Disguiser(BENIGN, copies=2, chain=2, seed=1).of("a", ""))


class TestRewritten:
    def test_applies_one_attack_after_another(self) -> None:
        made = rewritten(TEXT, "prose", ("pad_after", "mixed_case"), BENIGN, Random(1))  # noqa: S311
        assert made.lower().startswith(TEXT.lower())
        assert any(made.lower().endswith(text.lower()) for text in BENIGN)
