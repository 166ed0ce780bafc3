"""A queue whose owners are served in turns, and which is emptied by batches."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Queued(Protocol):
    """What the queue holds.

    Attributes:
        owner: who is served in turns with the others.
        cost: what it adds to a batch; at least 1.
    """

    @property
    def owner(self) -> str | None: ...  # noqa: D102 - see the class
    @property
    def cost(self) -> int: ...  # noqa: D102 - see the class


T = TypeVar("T", bound=Queued)


class FairQueue(Generic[T]):
    """Items of several owners; who sends a thousand delays the others by one of them a turn."""

    def __init__(
        self, bound: int, wait_s: float = 0.0, arriving: Callable[[], bool] = lambda: False
    ) -> None:
        """Set how a batch is taken.

        Args:
            bound: of a batch's cost; an item that costs more makes a batch of its own.
            wait_s: seconds that a batch which is not full waits for those that arrive.
            arriving: whether more may come within that time; without, no batch waits.
        """
        self._bound = bound
        self._wait_s = wait_s
        self._arriving = arriving
        self._changed = threading.Condition()
        self._waiting: dict[str | None, deque[T]] = {}
        self._cost = 0
        self._is_closed = False

    def put(self, item: T) -> None:
        """Add an item after its owner's others.

        Raises:
            RuntimeError: when the queue is closed.
        """
        with self._changed:
            if self._is_closed:
                raise RuntimeError("the queue is closed")
            self._waiting.setdefault(item.owner, deque()).append(item)
            self._cost += item.cost
            self._changed.notify()

    def take(self) -> list[T]:
        """Wait for items and take a batch, one of each owner in turn; [] when it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            if self._wait_s and not self._is_closed:
                self._changed.wait_for(self._is_worth_taking, self._wait_s)
            return self._taken()

    def close(self) -> list[T]:
        """End it; return what no one took."""
        with self._changed:
            self._is_closed = True
            left = [item for items in self._waiting.values() for item in items]
            self._waiting.clear()
            self._changed.notify_all()
        return left

    def _is_worth_taking(self) -> bool:
        return self._is_closed or self._cost >= self._bound or not self._arriving()

    def _taken(self) -> list[T]:
        batch: list[T] = []
        room = self._bound
        while self._waiting:
            owner = next(iter(self._waiting))
            items = self._waiting[owner]
            if batch and items[0].cost > room:
                break
            # To the end of the line, also for the next batch.
            del self._waiting[owner]
            item = items.popleft()
            if items:
                self._waiting[owner] = items
            batch.append(item)
            room -= item.cost
            self._cost -= item.cost
        return batch
