"""How much a token may ask: buckets that fill with time, one for each owner."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.server.error_responses import too_many

if TYPE_CHECKING:
    from sftsec_core.api.settings.rate import Rate

_MOST = 10_000


@dataclass(slots=True)
class _Bucket:
    level: float
    at: float


class RateLimiter:
    """Token buckets by owner; all calls come from one event loop.

    A bucket holds what a period allows, so that as much may come at once. What costs more than is
    left makes a debt: how much a request costs may show only when it was read, and the next one
    waits for it.
    """

    def __init__(
        self, rate: Rate | None, what: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Set the bound.

        Args:
            rate: of each owner; None for no bound.
            what: is counted, for the message: "requests", "events".
            clock: seconds; only their differences count.
        """
        self._rate = rate
        self._what = what
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def check(self, owner: str) -> None:
        """Let an owner pass whose bucket is not empty.

        Raises:
            ProblemError: 429, with the seconds after which it passes.
        """
        if self._rate is None:
            return
        lacking = 1 - self._bucket(self._rate, owner).level
        if lacking > 0:
            seconds = math.ceil(lacking * self._rate.seconds / self._rate.amount)
            raise too_many(
                f"more than {self._rate} {self._what} with this token: send it again later",
                seconds=seconds,
            )

    def take(self, owner: str, amount: float) -> None:
        """Take so much from an owner's bucket, more than there is too."""
        if self._rate is not None:
            self._bucket(self._rate, owner).level -= amount

    def _bucket(self, rate: Rate, owner: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(owner)
        if bucket is None:
            self._make_room(rate, now)
            bucket = self._buckets[owner] = _Bucket(rate.amount, now)
        _fill(bucket, rate, now)
        return bucket

    def _make_room(self, rate: Rate, now: float) -> None:
        """Forget full buckets: they are as new ones."""
        if len(self._buckets) < _MOST:
            return
        for owner, bucket in list(self._buckets.items()):
            _fill(bucket, rate, now)
            if bucket.level >= rate.amount:
                del self._buckets[owner]


def _fill(bucket: _Bucket, rate: Rate, now: float) -> None:
    grown = (now - bucket.at) * rate.amount / rate.seconds
    bucket.level = min(float(rate.amount), bucket.level + grown)
    bucket.at = now
