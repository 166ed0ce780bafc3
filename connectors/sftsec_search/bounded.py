"""Answers of bounded size: the clients read a response whole, however large it is.

Both clients send through a urllib3 pool that they keep as `pool`; `bound` puts this one in its
place. It reads a response in pieces and lets go of it once it passes the bound, so that one
document of 100 MB costs a refused answer and not the memory.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.sdk.errors import TooLargeError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PIECE = 1 << 18
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BoundedAnswer:
    """As much of a response as the clients look at."""

    status: int
    headers: Any
    data: bytes


class BoundedPool:
    """A urllib3 connection pool whose answers end at a bound."""

    def __init__(self, pool: Any, limit: int) -> None:  # noqa: ANN401 - urllib3's, imported by the clients
        """Take a pool and the most bytes that an answer may have, unpacked."""
        self._pool = pool
        self._limit = limit

    def urlopen(self, *args: Any, **kwargs: Any) -> BoundedAnswer:  # noqa: ANN401 - urllib3's own
        """Send a request and read its answer.

        Raises:
            TooLargeError: when the answer passes the bound.
        """
        response = self._pool.urlopen(*args, **kwargs, preload_content=False)
        pieces: list[bytes] = []
        size = 0
        try:
            for piece in response.stream(_PIECE, decode_content=True):
                pieces.append(piece)
                size += len(piece)
                if size > self._limit:
                    response.close()  # the connection holds the rest: it is of no more use
                    raise TooLargeError(f"an answer is larger than {self._limit:,} bytes")
        finally:
            response.release_conn()
        return BoundedAnswer(response.status, _without_warnings(response.headers), b"".join(pieces))

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()


def _without_warnings(headers: Any) -> Any:  # noqa: ANN401 - urllib3's
    """Note deprecations in the log; the clients would make a Python warning of each."""
    named: Mapping[str, str] = headers
    if "warning" in named:
        log.debug("the cluster warns: %s", named["warning"])
        headers = headers.copy()
        del headers["warning"]
    return headers
