"""Repeat a call while the platform does not answer, up to a bound of time."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from sftsec_core.api.errors import ConnectorUnavailableError

if TYPE_CHECKING:
    from datetime import timedelta

T = TypeVar("T")
log = logging.getLogger(__name__)
_LEAST = 0.1  # seconds between two attempts


class RetryPolicy:
    """Repeats a call while the platform does not answer, up to `retry_timeout`.

    The one place where a lost connection is retried: a connector holds one, and nothing repeats
    around a connector. The waits grow and are random, so that workers that lost the same node do
    not return at once.
    """

    def __init__(self, bound: timedelta, sleep: Callable[[float], None] = time.sleep) -> None:
        """Take the bound; 0 tries once. `sleep` is replaced in tests."""
        self._bound = bound.total_seconds()
        self._sleep = sleep

    def __call__(self, call: Callable[[], T]) -> T:
        """Return what the call returns.

        Raises:
            ConnectorUnavailableError: the last one, when the bound is reached.
        """
        attempts = Retrying(
            retry=retry_if_exception_type(ConnectorUnavailableError),
            stop=stop_after_delay(self._bound),
            wait=self._wait,
            sleep=self._sleep,
            before_sleep=_say,
            reraise=True,
        )
        return attempts(call)

    def _wait(self, state: RetryCallState) -> float:
        # Never at once: a wait that is drawn near 0 would spend an attempt on the same fault. And
        # never past the bound: the last attempt is at its end, not up to 15 s after it.
        drawn = float(_exponential(state)) + random.random() * 0.1  # noqa: S311 - not a secret
        left = self._bound - (state.seconds_since_start or 0.0)
        return _LEAST + max(0.0, min(drawn, left))


def _say(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("%s; retrying in %.1f s", error, state.upcoming_sleep)


_exponential = wait_random_exponential(multiplier=0.5, max=15)
