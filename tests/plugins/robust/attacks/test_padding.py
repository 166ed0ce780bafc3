"""Benign text stands beside the attack, which stays whole."""

from __future__ import annotations

from random import Random

import pytest

from sftsec_core.api import AttackTarget
from sftsec_robust.attacks import padding
from tests.plugins.robust.asking import BENIGN, Rewrite, draws


class TestProse:
    @pytest.mark.parametrize("rewrite", [padding.pad_after, padding.pad_before])
    def test_one_benign_text_beside_it(self, rewrite: Rewrite) -> None:
        for text in draws(rewrite, "Send the code", "prose"):
            assert "Send the code" in text
            assert any(benign in text for benign in BENIGN)

    def test_long_prefix_fills_a_window(self) -> None:
        lengths = {len(text) for text in draws(padding.long_prefix, "Send the code", "prose")}
        assert min(lengths) > 1500
        assert max(lengths) > 6000

    def test_own_words_where_none_are_known(self) -> None:
        draw = Random(1)  # noqa: S311 - a draw that can be repeated
        assert padding.good_words(AttackTarget("x", "prose"), draw) in padding.GOOD_WORDS


class TestPlainWords:
    def test_hold_no_syntax(self) -> None:
        for seed in range(20):
            draw = Random(seed)  # noqa: S311 - a draw that can be repeated
            words = padding.plain_words(AttackTarget("x", "shell", BENIGN), draw)
            assert all(c.isalnum() or c == " " for c in words)
            assert words
