"""The listening socket: it never holds more connections than it may, and never fails to accept."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import resource
import socket
import weakref
from typing import Any

_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
# Descriptors that the rest of the process needs: the store, models, logs.
_OTHER_FILES = 96
# Connections past the limit that get an answer, 503; the socket closes what comes after those.
ANSWERED_PAST_LIMIT = 32
_LEAST = 8
log = logging.getLogger("sftsec_core.server.connections")


class BoundedListener(socket.socket):
    """A listening socket that closes what it accepts past its limit.

    asyncio accepts in a loop and logs each failure with a trace, thousands a second once the
    process has no descriptor left. This one answers with a closed connection instead.
    """

    __slots__ = ("_limit", "_open", "_spare")

    def __init__(self, listening: socket.socket, limit: int) -> None:
        """Take over a socket that listens.

        Args:
            listening: closed without effect on the connection queue: this one has its descriptor.
            limit: of the connections that are open at once.
        """
        super().__init__(fileno=listening.detach())
        self._limit = limit
        self._open: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept the next connection within the limit.

        Raises:
            BlockingIOError: when none waits.
        """
        while True:
            try:
                connection, address = super().accept()
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                log.error("a connection was closed: %s", os.strerror(error.errno))  # noqa: TRY400 - no trace
                self._close_next()
                continue
            if self._has_room():
                self._open.add(connection)
                return connection, address
            connection.close()
            log.warning("connections were closed: %d are open already", self._limit)

    def close(self) -> None:
        """Stop to listen."""
        if self._spare >= 0:
            os.close(self._spare)
            self._spare = -1
        super().close()

    def _has_room(self) -> bool:
        if len(self._open) >= self._limit:
            for each in [each for each in self._open if each.fileno() < 0]:
                self._open.discard(each)
        return len(self._open) < self._limit

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
