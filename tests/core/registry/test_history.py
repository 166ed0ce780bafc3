"""The history of "live" as a stack, with and without the models that a rollback undid."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.registry.history import ROLLBACK, Move, restorable, undone


def history(*names: str) -> list[Move]:
    """Promotions by name; "<x" is a rollback to x."""
    return [
        (number, name.removeprefix("<"), f"{ROLLBACK}late" if name[0] == "<" else "approved")
        for number, name in enumerate(names)
    ]


@st.composite
def histories(draw: st.DrawFn) -> list[Move]:
    """Promotions of few models and rollbacks, as the registry writes them."""
    names: list[str] = []
    stack: list[str] = []
    for step in draw(st.lists(st.sampled_from("abcd<"), max_size=14)):
        if step != "<":
            names.append(step)
            stack.append(step)
        elif len(stack) > 1:
            stack.pop()
            names.append(f"<{stack[-1]}")
    return history(*names)


class TestRestorable:
    def test_pops_what_a_rollback_undid(self) -> None:
        assert restorable(history("a", "b", "<a", "c")) == ["a", "c"]
        assert restorable(history("a", "b", "c", "<b", "<a")) == ["a"]
        assert restorable([]) == []


class TestUndone:
    def test_takes_a_promotion_with_its_rollback(self) -> None:
        moves = history("a", "b", "c", "<b", "<a", "d")
        assert undone(moves, "b") == [2, 3, 1, 4]
        assert undone(moves, "c") == [2, 3]
        assert undone(moves, "a") is None
        assert undone(moves, "never live") == []

    @given(histories(), st.sampled_from("abcd"))
    def test_leaves_rollbacks_where_they_led(self, moves: list[Move], model: str) -> None:
        gone = undone(moves, model)
        if gone is None:
            assert model in restorable(moves)
            return
        left = [move for move in moves if move[0] not in gone]
        assert restorable(left) == restorable(moves)
        assert model not in {digest for _, digest, _ in left}
