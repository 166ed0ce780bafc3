"""A bounded queue of requests for each task, whose model is called by one thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class QueueFullError(Exception):
    """The queue holds as many requests as it may."""


class ScoringWorker:
    """One thread that handles the requests of a task in order."""

    def __init__(self, name: str, capacity: int, slots: threading.Semaphore) -> None:
        """Set the bounds.

        Args:
            name: of the task, for the name of the thread.
            capacity: requests that may wait besides the one that is being handled.
            slots: shared by all workers; as many of them compute at once.
        """
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=f"score {name}")
        self._room = threading.BoundedSemaphore(capacity + 1)
        self._slots = slots

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Queue a call.

        Raises:
            QueueFullError: when the queue is full.
        """
        if not self._room.acquire(blocking=False):
            raise QueueFullError
        future = self._pool.submit(self._run, work)
        future.add_done_callback(lambda _done: self._room.release())
        return future

    def _run(self, work: Callable[[], T]) -> T:
        with self._slots:
            return work()

    def stop(self) -> None:
        """Finish the current call, cancel those that wait, and end the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)
