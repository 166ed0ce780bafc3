"""The listening socket: it never holds more connections than it may, and never fails to accept."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import resource
import socket
import time
from typing import Any

_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
# Descriptors that the rest of the process needs: the store, models, logs.
_OTHER_FILES = 96
# Connections past the limit that get an answer, 503; the socket closes what comes after those.
ANSWERED_PAST_LIMIT = 32
_LEAST = 8
# Connections that one call closes. asyncio calls again, after it has served those that are open:
# else clients that connect as fast as they are closed are all that it ever serves.
_CLOSED_AT_ONCE = 64
# Within which asyncio closes a connection that was ended: so long, and so many turns of its loop,
# each of which asks for a new connection. A loop that stood still has closed nothing meanwhile.
_ENDING_S = 0.5
_ENDING_TURNS = 8
log = logging.getLogger("sftsec_core.server.connections")


class BoundedListener(socket.socket):
    """A listening socket that closes what it accepts past its limit.

    asyncio accepts in a loop and logs each failure with a trace, thousands a second once the
    process has no descriptor left. This one answers with a closed connection instead.
    """

    __slots__ = ("_busy", "_ending", "_limit", "_open", "_spare", "_turns", "_wanted")

    def __init__(self, listening: socket.socket, limit: int, wanted: int | None = None) -> None:
        """Take over a socket that listens.

        Args:
            listening: closed without effect on the connection queue: this one has its descriptor.
            limit: of the connections that are open at once.
            wanted: from so many on, the oldest one that waits for a request ends for a new one.
        """
        super().__init__(fileno=listening.detach())
        self._limit = limit
        self._wanted = limit if wanted is None else wanted
        # By descriptor, the oldest first. asyncio holds them as long; a closed one has no number.
        self._open: dict[int, socket.socket] = {}
        self._busy: set[int] = set()
        self._ending: dict[int, float] = {}
        self._turns = 0  # in which a place was waited for since one was ended
        self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept the next connection within the limit.

        Raises:
            BlockingIOError: when none waits, or it is time to serve those that are open.
        """
        for _ in range(_CLOSED_AT_ONCE):
            if self._is_freeing():
                raise BlockingIOError(errno.EAGAIN, "connections are being closed")
            try:
                connection, address = super().accept()
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                log.error("a connection was closed: %s", os.strerror(error.errno))  # noqa: TRY400 - no trace
                self._close_next()
                continue
            if self._has_room():
                self._add(connection)
                return connection, address
            connection.close()
            log.warning("connections were closed: %d are open already", self._limit)
        raise BlockingIOError(errno.EAGAIN, "enough were closed at once")

    def set_busy(self, descriptor: int, *, busy: bool) -> None:
        """Say whether a connection has a request; one that waits for it may end for a new one."""
        (self._busy.add if busy else self._busy.discard)(descriptor)

    def is_over(self) -> bool:
        """Whether more are open than wanted, without those that end."""
        if len(self._open) <= self._wanted:
            return False
        self._forget_closed()
        return len(self._open) - len(self._ending) > self._wanted

    def _add(self, connection: socket.socket) -> None:
        number = connection.fileno()
        self._open.pop(number, None)
        self._ending.pop(number, None)
        self._busy.discard(number)
        self._open[number] = connection

    def close(self) -> None:
        """Stop to listen."""
        if self._spare >= 0:
            os.close(self._spare)
            self._spare = -1
        super().close()

    def _is_freeing(self) -> bool:
        """Whether the next one would have no place now, and have one in a moment."""
        if len(self._open) >= self._wanted:
            self._forget_closed()
        if len(self._open) < self._limit or not self._ending:
            return False
        self._turns += 1
        ended_at = max(self._ending.values())
        return self._turns <= _ENDING_TURNS or time.monotonic() - ended_at < _ENDING_S

    def _forget_closed(self) -> None:
        for number in [n for n, each in self._open.items() if each.fileno() < 0]:
            del self._open[number]
            self._ending.pop(number, None)

    def _has_room(self) -> bool:
        if len(self._open) - len(self._ending) < self._wanted and len(self._open) < self._limit:
            return True
        return len(self._open) < self._limit and (self._end_oldest() or self._wanted < self._limit)

    def _end_oldest(self) -> bool:
        """End the connection that has waited the longest; False where none waits for a request."""
        if self._wanted == self._limit:
            return False
        for number, each in self._open.items():
            if number not in self._busy and number not in self._ending:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                self._ending[number] = time.monotonic()
                self._turns = 0
                log.warning("connections without a request were closed for others")
                return True
        return False

    def _close_next(self) -> None:
        """Close the connection that waits, with the descriptor that was held for this."""
        if self._spare < 0:
            self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        os.close(self._spare)
        self._spare = -1
        try:
            with contextlib.suppress(ConnectionAbortedError):
                super().accept()[0].close()
        except OSError as error:
            if error.errno in _EXHAUSTED:
                # Another thread took the descriptor: asyncio tries again.
                raise BlockingIOError(errno.EAGAIN, "no descriptor is free") from error
            raise
        finally:
            with contextlib.suppress(OSError):
                self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)


def usable_connections(wanted: int) -> int:
    """How many connections may be open: what is wanted, or what the limit of open files allows."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    usable = min(wanted, max(_LEAST, soft - _OTHER_FILES - ANSWERED_PAST_LIMIT))
    if usable < wanted:
        log.warning(
            "max_connections is %d here: the process may open %d files (ulimit -n)", usable, soft
        )
    return usable
