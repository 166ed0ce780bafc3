"""SIGTERM and the stop flag end a run as Ctrl-C does."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from sftsec_core.api.errors import StoreError
from sftsec_core.operations.stopping import sigterm_interrupts, stop_interrupts


class TestSignal:
    def test_term_interrupts_like_ctrl_c(self) -> None:
        before = signal.getsignal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt, match="SIGTERM"), sigterm_interrupts():
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is before

    def test_is_left_alone_in_other_threads(self) -> None:
        before = signal.getsignal(signal.SIGTERM)
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(handler_inside).result() is before


def handler_inside() -> object:
    with sigterm_interrupts():
        return signal.getsignal(signal.SIGTERM)


class TestStopFlag:
    def test_ends_a_body_that_waits(self) -> None:
        began = time.monotonic()
        with (
            pytest.raises(KeyboardInterrupt, match="SIGTERM"),
            sigterm_interrupts(),
            stop_interrupts(lambda: True, every_s=0.01),
        ):
            time.sleep(30)
        assert time.monotonic() - began < 10

    def test_is_down_while_the_store_fails(self) -> None:
        answers: Iterator[StoreError | bool] = iter([StoreError("busy"), False, True])

        def stopped() -> bool:
            answer = next(answers)
            if isinstance(answer, StoreError):
                raise answer
            return answer

        with (
            pytest.raises(KeyboardInterrupt),
            sigterm_interrupts(),
            stop_interrupts(stopped, every_s=0.01),
        ):
            time.sleep(30)
        assert next(answers, None) is None
