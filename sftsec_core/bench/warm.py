"""Processes that need not import everything again: a server has it done and forks them.

To import torch takes seconds, and a process that is to be killed within one would be killed there.
The server has one thread, so that a fork of it holds nobody's lock; what it forks is a process as
any other, with its own memory and its own process group, and is killed as any other.

python -P -m sftsec_core.bench.warm DESCRIPTOR MODULE [IMPORTED ...]
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock
from types import TracebackType
from typing import Any, NoReturn, Self

MODULE = "sftsec_core.bench.warm"
_REQUEST_BYTES = 65536
_READY = b"ready"


class WarmServer:
    """Starts processes that have their imports done; a context manager, for several threads.

    Leaving it ends the server and every process of its that is still there.
    """

    def __init__(self, module: str, imported: Sequence[str], environment: dict[str, str]) -> None:
        """Start the server, and wait until it has imported everything.

        Args:
            module: its function `main(told, **request)` is what a process does; `told` is a file
                descriptor that `start` handed back the other end of.
            imported: modules to be imported before.
            environment: of the processes.

        Raises:
            RuntimeError: when the server ends before it is ready.
        """
        self._lock = Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            number = theirs.fileno()
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", MODULE, str(number), module, *imported],
                env=environment,
                pass_fds=[number],
                process_group=0,  # Ctrl-C of a terminal is the benchmark's own matter
            )
        if self._socket.recv(len(_READY)) != _READY:
            self._socket.close()
            self._process.wait()
            raise RuntimeError(f"the server of {module} did not start")

    def start(self, request: dict[str, Any]) -> tuple[int, int]:
        """Start a process.

        Args:
            request: JSON values, the arguments of the module's `main`.

        Returns:
            The process's id, which is its process group's too, and the descriptor of a pipe that
            `told` writes into. It ends when all processes of the group have.
        """
        reader, writer = os.pipe()
        try:
            with self._lock:
                socket.send_fds(self._socket, [json.dumps(request).encode()], [writer])
                return int(self._socket.recv(_REQUEST_BYTES)), reader
        finally:
            os.close(writer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()
        self._process.wait()


def kill_group(group: int) -> None:
    """End a process group at once, where it is still there."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _serve(number: int, module: str, imported: Sequence[str]) -> None:
    main = importlib.import_module(module).main
    for name in imported:
        importlib.import_module(name)
    started: set[int] = set()
    with socket.socket(fileno=number) as asked:
        asked.send(_READY)
        while True:
            told, descriptors, _, _ = socket.recv_fds(asked, _REQUEST_BYTES, 1)
            if not told:
                break
            pid = os.fork()
            if not pid:
                os.setpgid(0, 0)
                asked.close()
                _work(main, descriptors[0], json.loads(told))
            with suppress(ProcessLookupError, PermissionError):
                os.setpgid(pid, pid)  # here too: it may be killed before it has done so
            os.close(descriptors[0])
            started = _still_there(started | {pid})
            asked.send(str(pid).encode())
    for pid in started:
        kill_group(pid)


def _still_there(started: set[int]) -> set[int]:
    """Those that have not ended; one whose end nobody asked for keeps its id, so none is reused."""
    return {pid for pid in started if os.waitpid(pid, os.WNOHANG)[0] == 0}


def _work(main: Any, told: int, request: dict[str, Any]) -> NoReturn:  # noqa: ANN401 - a module's
    """The forked process."""
    code = 1
    try:
        main(told, **request)
        code = 0
    except BaseException:  # noqa: BLE001 - nothing may return into the server's own code
        import traceback

        traceback.print_exc()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
