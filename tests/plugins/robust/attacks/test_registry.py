"""All attacks together: a promise each, and none raises on any text."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftsec_core.api import TEXT_KINDS, AttackTarget, EmptyConfig
from sftsec_robust.attacks.registry import ATTACKS, HELD_OUT

NAMES = {spec.name for spec in ATTACKS}


class TestAttacks:
    @settings(max_examples=60, deadline=None)
    @given(
        text=st.text(st.characters(codec="utf-8"), max_size=60)
        | st.text(st.sampled_from("a1 '\"`%\\;&|$(){}^<>/*#=:.@-"), max_size=40),
        seed=st.integers(0, 99),
    )
    def test_take_any_text_twice(self, text: str, seed: int) -> None:
        for spec in ATTACKS:
            kind = min(spec.kinds)
            made = text
            for _ in range(2):
                draw = Random(seed)  # noqa: S311 - a draw that can be repeated
                made = spec.rewrite(EmptyConfig(), AttackTarget(made, kind), draw)
                assert isinstance(made, str)

    def test_each_kind_has_several(self) -> None:
        for kind in TEXT_KINDS:
            assert sum(kind in spec.kinds for spec in ATTACKS) >= 3

    @pytest.mark.parametrize("name", sorted(HELD_OUT))
    def test_held_out_ones_exist(self, name: str) -> None:
        assert name in NAMES
