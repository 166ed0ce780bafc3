"""One key: buckets of its windows, distinct values, and its packed form."""

from __future__ import annotations

from random import Random

import pytest

from sftsec_core.dataset.context.key_state import MOST_DISTINCT, KeyState, Ring, Shape

SHAPE = Shape((60_000_000, 1_440_000_000), (3_600_000_000, 86_400_000_000), 1, 1)


def filled(count: int) -> KeyState:
    random, state = Random(3), KeyState(SHAPE)  # noqa: S311 - test data, not a secret
    at = 0
    for _ in range(count):
        at += random.randrange(600_000_000)
        state.add(at, SHAPE, (random.random(),), (random.randrange(50),))
    return state


class TestRing:
    def test_counts_what_sixty_buckets_hold(self) -> None:
        ring = Ring(0)
        for place in (0, 1, 1, 59, 60):
            ring.add(place, ())
        assert [ring.totals(place)[0] for place in (0, 1, 60, 61, 118, 119, 120)] == [
            0, 2, 4, 2, 2, 1, 0,
        ]  # fmt: skip

    def test_puts_a_late_event_into_its_bucket(self) -> None:
        ring = Ring(1)
        ring.add(100, (2.0,))
        ring.add(98, (3.0,))
        ring.add(99, (None,))
        assert ring.places == [98, 99, 100]
        assert ring.totals(98) == [1, 1.0, 3.0, 9.0]
        assert ring.totals(100) == [3, 2.0, 5.0, 13.0]

    def test_leaves_out_what_is_past_its_window(self) -> None:
        ring = Ring(0)
        ring.add(100, ())
        ring.add(40, ())
        assert ring.places == [100]

    def test_holds_sixty_buckets_at_most(self) -> None:
        ring = Ring(0)
        for place in range(1000):
            ring.add(place, ())
        assert len(ring.places) == len(ring.columns[0]) == 60


class TestKeyState:
    def test_is_packed_and_unpacked_to_the_bit(self) -> None:
        state = filled(500)
        raw = state.pack()
        back = KeyState.unpack(raw, SHAPE)
        assert back.pack() == raw
        assert [ring.columns for ring in back.rings] == [ring.columns for ring in state.rings]
        assert list(back.distinct[0].items()) == list(state.distinct[0].items())

    def test_takes_bounded_room_whatever_comes(self) -> None:
        state = KeyState(SHAPE)
        for number in range(3 * MOST_DISTINCT):
            state.add(number * 1_000_000, SHAPE, (1.0,), (number,))
        assert len(state.distinct[0]) == MOST_DISTINCT
        assert len(state.pack()) < 16 * MOST_DISTINCT + 2 * 60 * 40

    def test_late_values_hide_no_newer_ones(self) -> None:
        state = KeyState(SHAPE)
        for at, value in ((100, 1), (200, 2), (10, 3), (50, 1)):
            state.add(at, SHAPE, (None,), (value,))
        assert [state.distinct_since(0, after, 300) for after in (0, 40, 150)] == [3, 2, 1]
        assert list(state.distinct[0].items()) == [(3, 10), (1, 100), (2, 200)]

    @pytest.mark.parametrize("change", [lambda raw: raw[:-1], lambda raw: raw + b"x"])
    def test_refuses_bytes_of_another_shape(self, change: object) -> None:
        assert callable(change)
        with pytest.raises(ValueError, match="the state of a key is"):
            KeyState.unpack(change(filled(10).pack()), SHAPE)
