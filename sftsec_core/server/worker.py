"""Where requests wait for the model: a short queue for each task, and one call at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class QueueFullError(Exception):
    """As many requests wait as may wait."""


class Worker:
    """One thread that does a task's requests in their order."""

    def __init__(self, name: str, waiting: int, turn: threading.Semaphore) -> None:
        """Take the bounds.

        Args:
            name: the task's, for the thread's name.
            waiting: requests that may wait besides the one that is being answered.
            turn: shared by all workers: how many of them compute at once.
        """
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=f"score {name}")
        self._room = threading.BoundedSemaphore(waiting + 1)
        self._turn = turn

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Queue a call.

        Raises:
            QueueFullError: when there is no room.
        """
        if not self._room.acquire(blocking=False):
            raise QueueFullError
        future = self._pool.submit(self._run, work)
        future.add_done_callback(lambda _done: self._room.release())
        return future

    def _run(self, work: Callable[[], T]) -> T:
        with self._turn:
            return work()

    def stop(self) -> None:
        """Finish the call that runs, forget those that wait, and end the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)
