"""How the server stops: it refuses what is new, and finishes what it has within a bound."""

from __future__ import annotations

import time
from collections.abc import Callable

from sftsec_core.server.error_responses import ProblemError, unavailable

_RETRY_S = 5
# What comes so soon after the signal was sent before it: it is answered as what is in hand.
GRACE_S = 0.1


class Drain:
    """Whether the server is stopping, and when it may."""

    def __init__(
        self,
        seconds: float,
        in_hand: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set the bound.

        Args:
            seconds: that requests in hand have once it has begun.
            in_hand: how many there are.
            clock: seconds; only their differences count.
        """
        self._seconds = seconds
        self._in_hand = in_hand
        self._clock = clock
        self._begun: float | None = None

    @property
    def has_begun(self) -> bool:
        """Whether the server is stopping."""
        return self._begun is not None

    def begin(self) -> None:
        """Refuse requests from now on, but for the grace; more than once without effect.

        From any thread.
        """
        if self._begun is None:
            self._begun = self._clock()

    def is_over(self) -> bool:
        """Whether nothing is in hand any more, or the time is up."""
        since = self._since()
        return since >= GRACE_S and (self._in_hand() == 0 or since >= self._seconds)

    def check(self) -> None:
        """Refuse a new request of a server that is stopping.

        Raises:
            ProblemError: 503, which ends the connection: the next one reaches another server.
        """
        if self._since() >= GRACE_S:
            raise stopping()

    def _since(self) -> float:
        return 0.0 if self._begun is None else self._clock() - self._begun


def stopping() -> ProblemError:
    """503 of a server that is stopping."""
    problem = unavailable("the server is stopping: send it again later", seconds=_RETRY_S)
    problem.headers["Connection"] = "close"
    return problem
