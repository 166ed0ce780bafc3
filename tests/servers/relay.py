"""A relay before a server, which can be taken away: connections break, new ones are cut off."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_CHUNK = 1 << 16


class Relay:
    """Listens on loopback and passes bytes both ways.

    Attributes:
        url: the server's, by way of the relay.
    """

    def __init__(self, url: str) -> None:
        """Begin to relay to the server of a URL."""
        parts = urlsplit(url)
        self._target = (parts.hostname or "", parts.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = parts._replace(netloc=f"{parts.hostname}:{port}").geturl()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._away = False
        threading.Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Break every connection, and each new one, meanwhile."""
        with self._lock:
            self._away = True
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        try:
            yield
        finally:
            self._away = False

    def close(self) -> None:
        """Stop."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self.away():
            pass

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._away:
                    client.close()
                    continue
                server = socket.create_connection(self._target)
                with self._lock:
                    self._open |= {client, server}
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        with self._lock:
            first = source in self._open
            self._open -= {source, target}
        if not first:  # the other thread has ended too
            source.close()
            target.close()
