"""Every rewriting keeps what all of them promise."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from hypothesis import given

from sftsec_core.dataset.augment import Rewriting
from sftsec_core.dataset.rewrites.draw import PLACEHOLDER, KeyedDraw
from sftsec_core.dataset.rewrites.registry import REWRITES
from tests.core.dataset.rewrites.texts import KEYS, TEXTS


class TestRewrites:
    def test_all_that_settings_name_are_there(self) -> None:
        assert set(REWRITES) == set(get_args(Rewriting))

    @pytest.mark.parametrize("name", REWRITES)
    @given(one=TEXTS, other=TEXTS, draw=KEYS)
    def test_texts_and_placeholders_stay_as_many(
        self, name: Rewriting, one: str, other: str, draw: KeyedDraw
    ) -> None:
        made = REWRITES[name]([one, other], "", draw)
        assert len(made) == 2
        for old, new in zip((one, other), made, strict=True):
            assert sorted(re.findall(PLACEHOLDER, new)) == sorted(re.findall(PLACEHOLDER, old))

    @pytest.mark.parametrize("name", REWRITES)
    @given(text=TEXTS, draw=KEYS)
    def test_the_same_draws_give_the_same(
        self, name: Rewriting, text: str, draw: KeyedDraw
    ) -> None:
        assert REWRITES[name]([text], "", draw) == REWRITES[name]([text], "", draw)

    @pytest.mark.parametrize("name", REWRITES)
    def test_nothing_is_rewritten_to_nothing(self, name: Rewriting) -> None:
        assert REWRITES[name]([], "", KeyedDraw.of(1, "ab", 0)) == []
        assert REWRITES[name](["", "x"], "", KeyedDraw.of(1, "ab", 0)) == ["", "x"]
