"""Places for requests: asked for before a byte of a body is read, so that a refusal costs nothing.

A place is held until the response is made. What may be refused is bounded by what the head of a
request says: whose it is and how long its body will be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sftsec_core.server.error_responses import ProblemError, too_many, unavailable

_RETRY_S = 1


@dataclass(slots=True)
class Admission:
    """Counts the requests that are in hand; all calls come from one event loop.

    Attributes:
        requests: in hand at once, of all tokens.
        per_token: of them, of one token: no client takes every place.
        bytes: of the bodies that are in hand.
        in_hand: requests now.
        arriving: of them, those whose body is not read yet.
    """

    requests: int
    per_token: int
    bytes: int
    in_hand: int = 0
    arriving: int = 0
    _held: int = 0
    _owners: Counter[str | None] = field(default_factory=Counter)

    @contextmanager
    def place(self, owner: str | None) -> Iterator[None]:
        """Hold a place for a request of a token's owner.

        Raises:
            ProblemError: 429 when the owner has as many as one may have, 503 when all are taken.
        """
        if self._owners[owner] >= self.per_token:
            raise too_many(
                f"{self.per_token} requests with this token are waiting already", seconds=_RETRY_S
            )
        if self.in_hand >= self.requests:
            raise _busy(f"{self.requests} requests are waiting")
        self._owners[owner] += 1
        self.in_hand += 1
        try:
            yield
        finally:
            self.in_hand -= 1
            self._owners[owner] -= 1
            if not self._owners[owner]:
                del self._owners[owner]

    @contextmanager
    def body(self, size: int) -> Iterator[None]:
        """Hold the bytes of a body; it may be left before the response is made.

        Raises:
            ProblemError: 503 when there is no room for so many.
        """
        # One body always has room, however large bodies may be.
        if self._held and self._held + size > self.bytes:
            raise _busy(f"requests of {self.bytes:,} bytes are waiting")
        self._held += size
        try:
            yield
        finally:
            self._held -= size

    @contextmanager
    def arrival(self) -> Iterator[None]:
        """Count a request whose body is being read and parsed."""
        self.arriving += 1
        try:
            yield
        finally:
            self.arriving -= 1


def _busy(what: str) -> ProblemError:
    return unavailable(f"{what}: send it again later", seconds=_RETRY_S)
