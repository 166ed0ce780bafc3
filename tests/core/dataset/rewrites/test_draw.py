"""Draws depend on their key and on what they are for, and on nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.dataset.rewrites.draw import KeyedDraw
from tests.core.dataset.rewrites.texts import KEYS


class TestKeyedDraw:
    def test_does_not_depend_on_draws_before(self) -> None:
        one, other = KeyedDraw.of(1, "ab", 0), KeyedDraw.of(1, "ab", 0)
        one.number("x", 1000)
        assert one.number("y", 1000) == other.number("y", 1000)

    def test_differs_by_seed_incident_and_copy(self) -> None:
        draws = (
            KeyedDraw.of(1, "ab", 0),
            KeyedDraw.of(2, "ab", 0),
            KeyedDraw.of(1, "cd", 0),
            KeyedDraw.of(1, "ab", 1),
        )
        assert len({draw.number("x", 1 << 40) for draw in draws}) == 4

    @given(KEYS, st.integers(0, 30))
    def test_orders_are_other_than_given(self, draw: KeyedDraw, count: int) -> None:
        order = draw.order("x", count)
        assert sorted(order) == list(range(count))
        assert count < 2 or order != list(range(count))

    def test_takes_any_text_as_a_name(self) -> None:
        assert 0 <= KeyedDraw.of(1, "ab", 0).number("\ud800\x00é", 7) < 7
