"""The part that runs on a node, as a Ray actor: one training process, its lines and its files.

Arguments and results are texts and bytes. What trains is the process that the launcher `local`
starts too, so a kill, its standard error and its end are the same; it ends with this one.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import threading
import time
from dataclasses import asdict, replace
from typing import IO, Any

from sftsec_core.api import TrainOrder
from sftsec_core.sdk.training_process import end_process, training_command
from sftsec_ray.files import BLOCK, EXAMPLES, RESULTS, digest_of, inside, list_files
from sftsec_ray.same_versions import versions_here
from sftsec_ray.workplace import new_workplace

OUT, LOG = "out", "log"
_LINES = 10_000  # that wait to be fetched; the process that prints more waits
_LONGEST = 2**20  # bytes of a line
_AT_ONCE = 1_000


class RemoteTraining:
    """Carries out one order in a folder of its own."""

    def __init__(self, parent: str | None) -> None:
        """Make the folder.

        Args:
            parent: where; None for the system's folder for temporary files.
        """
        self._folder, self._lock = new_workplace(parent)
        self._lines: queue.Queue[tuple[str, str]] = queue.Queue(_LINES)
        self._process: subprocess.Popen[bytes] | None = None
        self._pumps: list[threading.Thread] = []

    def describe(self, plugins: str) -> str:
        """Say which machine this is, and what is installed; takes and gives JSON."""
        found = {"host": os.uname().nodename, "pid": os.getpid(), "folder": str(self._folder)}
        return json.dumps({**found, "versions": versions_here(json.loads(plugins))})

    # --- files

    def put(self, name: str, data: bytes, first: bool) -> None:
        """Write the next part of a file."""
        path = inside(self._folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb" if first else "ab") as stream:
            stream.write(data)

    def digest(self, name: str) -> str:
        """Hex SHA-256 of a file; empty where it is gone."""
        try:
            return digest_of(inside(self._folder, name))
        except FileNotFoundError:
            return ""

    def results(self, settled_s: float) -> str:
        """List what was written and left alone for `settled_s`, as JSON, in its order."""
        newest = time.time_ns() - int(settled_s * 1e9)
        files = list_files(self._folder, RESULTS)
        settled = [asdict(file) for file in files if not settled_s or file.changed <= newest]
        return json.dumps({"files": settled, "all": len(settled) == len(files)})

    def read(self, name: str, offset: int) -> bytes:
        """Read a part of a file; nothing at its end, or where it is gone."""
        try:
            with inside(self._folder, name).open("rb") as stream:
                stream.seek(offset)
                return stream.read(BLOCK)
        except FileNotFoundError:
            return b""

    # --- the training process

    def start(self, order: str, shared: bool) -> None:
        """Start to carry out an order, JSON; its examples are here, or in the folder that it names.

        Raises:
            OSError: when the process cannot be started.
        """
        given = TrainOrder.from_json(json.loads(order))
        if shared:
            (self._folder / EXAMPLES).symlink_to(given.folder / EXAMPLES)
        else:
            given = replace(given, state=self._folder)  # its keys.json, where it is encrypted
        file = self._folder / "order.json"
        file.write_text(json.dumps(replace(given, folder=self._folder).to_json()), encoding="utf-8")
        self._process = subprocess.Popen(
            training_command(file),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for pipe, kind in ((self._process.stdout, OUT), (self._process.stderr, LOG)):
            pump = threading.Thread(target=self._pump, args=(pipe, kind), daemon=True)
            pump.start()
            self._pumps.append(pump)

    def poll(self, wait_s: float) -> str:
        """Give what the process has printed, after at most `wait_s`, and its exit code, as JSON."""
        assert self._process is not None  # noqa: S101 - start comes first
        lines = self._take(wait_s)
        ended = not any(pump.is_alive() for pump in self._pumps) and self._lines.empty()
        code = self._process.wait() if ended else None
        return json.dumps({"lines": lines, "code": code})

    def stop(self, grace_s: float) -> None:
        """End the process; an encoder's training leaves a checkpoint where `grace_s` allows it."""
        if self._process is not None:
            end_process(self._process, grace_s)

    def remove(self) -> None:
        """Remove the folder, once the process has ended."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.close()
        for pump in self._pumps:
            pump.join(1.0)
        if self._process is not None and not any(pump.is_alive() for pump in self._pumps):
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
                pipe.close()  # type: ignore[union-attr]  # all three were asked for

    def _pump(self, pipe: IO[bytes], kind: str) -> None:
        while line := pipe.readline(_LONGEST):
            self._lines.put((kind, line.decode("utf-8", "replace").rstrip("\n")))

    def _take(self, wait_s: float) -> list[Any]:
        """The lines that wait; waits for the first one, or for the end of the process."""
        found: list[Any] = []
        until = time.monotonic() + wait_s
        while not found and time.monotonic() < until:
            try:
                found.append(self._lines.get(timeout=min(wait_s, 0.1)))
            except queue.Empty:
                if not any(pump.is_alive() for pump in self._pumps):
                    break
        while len(found) < _AT_ONCE and not self._lines.empty():
            found.append(self._lines.get())
        return found
