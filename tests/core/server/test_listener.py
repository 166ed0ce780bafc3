"""The listening socket at its limit, and without a free descriptor."""

from __future__ import annotations

import itertools
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from sftsec_core.server.listener import BoundedListener, usable_connections

# A process of its own: it uses up every descriptor that it may open.
NO_DESCRIPTOR = """
import os, resource, socket
from sftsec_core.server.listener import BoundedListener
listener = BoundedListener(socket.create_server(("127.0.0.1", 0)), 9)
listener.setblocking(False)
waiting = [socket.create_connection(listener.getsockname()) for _ in range(3)]
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
taken = []
while True:
    try:
        taken.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        break
try:
    listener.accept()
except BlockingIOError:
    print("none is left", [each.recv(1) for each in waiting])
os.close(taken.pop())
waiting.pop().close()
late = socket.create_connection(listener.getsockname())
os.close(taken.pop())
listener.accept()
print("accepts again")
"""


@pytest.fixture
def listener() -> Iterator[BoundedListener]:
    with BoundedListener(socket.create_server(("127.0.0.1", 0)), 2) as made:
        made.setblocking(False)
        yield made


def connect(listener: BoundedListener) -> socket.socket:
    return socket.create_connection(listener.getsockname(), timeout=10)


class TestBoundedListener:
    def test_closes_connections_past_its_limit(self, listener: BoundedListener) -> None:
        with connect(listener), connect(listener), connect(listener) as third:
            kept = [listener.accept()[0] for _ in range(2)]
            with pytest.raises(BlockingIOError):
                listener.accept()
            assert third.recv(1) == b""
            kept.pop().close()
            with connect(listener):
                listener.accept()[0].close()
            kept.pop().close()

    def test_returns_after_so_many_closed(self, listener: BoundedListener) -> None:
        """Clients that connect as fast as they are closed must not be all that is served."""
        with ExitStack() as opened:
            for _ in range(2):
                opened.enter_context(connect(listener))
                opened.enter_context(listener.accept()[0])
            late = [opened.enter_context(connect(listener)) for _ in range(80)]
            with pytest.raises(BlockingIOError, match="enough were closed"):
                listener.accept()
            assert late[0].recv(1) == b""
            late[-1].setblocking(False)
            with pytest.raises(BlockingIOError):
                late[-1].recv(1)

    def test_waits_for_an_ended_one_after_standstill(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Time alone says nothing: a loop that stood still closed nothing in it."""
        clock = itertools.count(step=10)
        monkeypatch.setattr("sftsec_core.server.listener.time.monotonic", lambda: next(clock))
        with BoundedListener(socket.create_server(("127.0.0.1", 0)), 2, 1) as listener:
            listener.setblocking(False)
            with ExitStack() as opened:
                waiting = [opened.enter_context(connect(listener)) for _ in range(3)]
                first, second = (opened.enter_context(listener.accept()[0]) for _ in range(2))
                with pytest.raises(BlockingIOError, match="are being closed"):
                    listener.accept()
                first.close()
                opened.enter_context(listener.accept()[0])
                assert waiting[0].recv(1) == b""
                assert second.fileno() >= 0

    def test_closes_the_next_where_none_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sftsec_core.server.listener._ENDING_S", 0.0)
        with BoundedListener(socket.create_server(("127.0.0.1", 0)), 2, 1) as listener:
            listener.setblocking(False)
            with ExitStack() as opened:
                waiting = [opened.enter_context(connect(listener)) for _ in range(3)]
                for _ in range(2):
                    opened.enter_context(listener.accept()[0])
                turns = 0
                while turns < 100:
                    with pytest.raises(BlockingIOError) as raised:
                        listener.accept()
                    if "being closed" not in str(raised.value):
                        break
                    turns += 1
                assert 1 < turns < 100
                assert waiting[2].recv(1) == b""

    def test_survives_without_a_free_descriptor(self) -> None:
        command = [sys.executable, "-c", NO_DESCRIPTOR]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout == "none is left [b'', b'', b'']\naccepts again\n"
        assert "Too many open files" in done.stderr


class TestUsableConnections:
    def test_open_files_bound_them(self, caplog: pytest.LogCaptureFixture) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        try:
            assert usable_connections(20) == 20
            assert usable_connections(10_000) == 128
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert "max_connections is 128 here: the process may open 256 files" in caplog.text
