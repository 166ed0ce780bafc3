"""Turns between owners, and batches that wait for what arrives."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from sftsec_core.server.fair_queue import FairQueue
from tests.core.server.site import PATIENCE_S


@dataclass(frozen=True)
class Item:
    owner: str
    name: str
    cost: int = 1


def filled(bound: int, *items: Item) -> FairQueue[Item]:
    queue = FairQueue[Item](bound)
    for item in items:
        queue.put(item)
    return queue


def names(batch: list[Item]) -> str:
    return " ".join(each.name for each in batch)


class TestTake:
    def test_serves_the_owners_in_turns(self) -> None:
        many = [Item("greedy", f"g{number}") for number in range(5)]
        queue = filled(3, *many, Item("small", "s0"), Item("small", "s1"), Item("other", "o0"))
        assert [names(queue.take()) for _ in range(3)] == ["g0 s0 o0", "g1 s1 g2", "g3 g4"]

    def test_an_expensive_item_is_a_batch(self) -> None:
        queue = filled(4, Item("a", "small"), Item("b", "huge", 9), Item("c", "last", 2))
        assert [names(queue.take()) for _ in range(3)] == ["small", "huge", "last"]

    def test_waits_for_those_that_arrive(self) -> None:
        queue = FairQueue[Item](2, PATIENCE_S, lambda: True)
        queue.put(Item("a", "first"))
        late = threading.Timer(0.02, queue.put, [Item("b", "second")])
        late.start()
        assert names(queue.take()) == "first second"

    def test_waits_for_no_one_else(self) -> None:
        queue = FairQueue[Item](9, 10 * PATIENCE_S, lambda: False)
        queue.put(Item("a", "first"))
        assert names(queue.take()) == "first"

    def test_waits_no_longer_than_bound(self) -> None:
        queue = FairQueue[Item](9, 0.01, lambda: True)
        queue.put(Item("a", "first"))
        assert names(queue.take()) == "first"


class TestClose:
    def test_returns_what_waits_and_ends(self) -> None:
        queue = filled(2, Item("a", "left"))
        assert names(queue.close()) == "left"
        assert queue.take() == []
        with pytest.raises(RuntimeError, match="closed"):
            queue.put(Item("a", "late"))
