"""What a wrong token costs who sent it: time, and a line in the log with the address."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Answers that wait at once. They hold a connection and nothing else: what comes past them is
# answered at once and loses its connection, so that a guess costs a handshake then.
MOST_WAITING = 64
log = logging.getLogger(__name__)


class WrongTokens:
    """Delays the answers to wrong tokens, and logs where they came from."""

    def __init__(self, delay_s: float, *, behind_proxy: bool = False) -> None:
        """Set how long an answer waits, in seconds.

        Args:
            delay_s: of each answer.
            behind_proxy: whether a proxy says whom it speaks for, in `X-Forwarded-For`.
        """
        self._delay_s = delay_s
        self._behind_proxy = behind_proxy
        self._waiting = 0

    async def delay(self, scope: Mapping[str, Any]) -> bool:
        """Log a request and wait; False where too many wait already."""
        # A line of each address is written once a minute, with the count of the others.
        log.warning("a wrong token was sent from %s", self._address(scope))
        if self._waiting >= MOST_WAITING:
            return False
        self._waiting += 1
        try:
            await asyncio.sleep(self._delay_s)
        finally:
            self._waiting -= 1
        return True

    def _address(self, scope: Mapping[str, Any]) -> str:
        peer = scope.get("client") or ("an unknown address", 0)
        told = _last_forwarded(scope["headers"]) if self._behind_proxy else None
        return told or str(peer[0])


def _last_forwarded(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The address that the nearest proxy added; those before it are what a client says."""
    values = [value for name, value in headers if name == b"x-forwarded-for"]
    last = values[-1].decode("latin-1").rpartition(",")[2].strip() if values else ""
    try:
        return str(ipaddress.ip_address(last))
    except ValueError:
        return None
