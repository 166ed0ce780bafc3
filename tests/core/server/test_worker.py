"""A bounded queue for each task, and slots that all workers share."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from sftsec_core.server.worker import QueueFullError, ScoringWorker
from tests.core.server.site import PATIENCE_S


class TestScoringWorker:
    def test_workers_share_the_slots(self) -> None:
        slots, order = threading.Semaphore(1), []
        gate, entered = threading.Event(), threading.Event()

        def slow() -> None:
            entered.set()
            assert gate.wait(PATIENCE_S)
            order.append("slow")

        one, other = ScoringWorker("one", 1, slots), ScoringWorker("other", 1, slots)
        first = one.submit(slow)
        assert entered.wait(PATIENCE_S)
        second = other.submit(lambda: order.append("quick"))
        gate.set()
        for future in (first, second):
            future.result(PATIENCE_S)
        assert order == ["slow", "quick"]
        one.stop()
        other.stop()

    def test_error_or_cancellation_frees_the_queue(self) -> None:
        gate = threading.Event()
        worker = ScoringWorker("one", 1, threading.Semaphore(1))
        running_now = worker.submit(lambda: gate.wait(PATIENCE_S))
        waiting = worker.submit(lambda: True)
        with pytest.raises(QueueFullError):
            worker.submit(lambda: True)
        assert waiting.cancel()
        broken: Future[float] = worker.submit(lambda: 1 / 0)
        gate.set()
        assert running_now.result(PATIENCE_S)
        with pytest.raises(ZeroDivisionError):
            broken.result(PATIENCE_S)
        assert worker.submit(lambda: True).result(PATIENCE_S)
        worker.stop()
