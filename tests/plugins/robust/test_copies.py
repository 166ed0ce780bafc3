"""A row's copies differ from it, and are the same ones wherever it stands."""

from __future__ import annotations

from random import Random

from sftsec_robust.copies import Disguiser, rewritten

TEXT = "Claim your free prize now, Mr Smith"
BENIGN = ("Lunch on Thursday?", "See the minutes below.")


class TestDisguiser:
    def test_copies_differ_from_the_text(self) -> None:
        copies = list(Disguiser(BENIGN, copies=4, chain=2, seed=1).of("a", TEXT))
        assert 2 <= len(copies) == len({*copies, TEXT}) - 1 <= 4

    def test_row_has_the_same_copies_anywhere(self) -> None:
        first, second = (
            list(Disguiser(BENIGN, copies=2, chain=2, seed=1).of("a", TEXT)) for _ in "12"
        )
        assert first == second

    def test_empty_text_has_none(self) -> None:
        assert not list(Disguiser(BENIGN, copies=2, chain=2, seed=1).of("a", ""))


class TestRewritten:
    def test_applies_one_attack_after_another(self) -> None:
        draws = Random(1)  # noqa: S311 - a draw that can be repeated
        made = rewritten(TEXT, "prose", ("pad_after", "mixed_case"), BENIGN, draws)
        assert made.lower().startswith(TEXT.lower())
        assert any(made.lower().endswith(text.lower()) for text in BENIGN)
