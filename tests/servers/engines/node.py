"""One search engine as processes of ours: started, killed, started again on the same data."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.servers.engines.tools import java_home
from tests.servers.memory import memory_folder

Settings = Mapping[str, str | int | bool]

_NOBODY = 65534
_STOP_S = 60
_JVM = "-Xms128m -Xmx512m -XX:TieredStopAtLevel=1"  # the quick compiler alone: starts sooner

_LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""

# The kernel ends an engine when the thread that started it ends, so that a killed test run leaves
# none behind. A test may call start() in a short-lived thread, so this one starts them all.
_STARTER = ThreadPoolExecutor(1, "engine-starter")


@dataclass(frozen=True)
class Distribution:
    """An unpacked engine, and how this kind names things."""

    name: str  # of the program in bin/ and of its settings' file
    prefix: str  # of its environment variables
    home: Path


class Node:
    """The processes of one engine, its folder with config, logs and tmp, and that of its data."""

    def __init__(self, distribution: Distribution, folder: Path, data: Path, port: int) -> None:
        self.distribution = distribution
        self.folder = folder
        self.data = data
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What the engine has said, over all its starts."""
        return (self.folder / "log").read_text(errors="replace")

    @property
    def alive(self) -> bool:
        """Whether the process that we started is there."""
        return self._process is not None and self._process.poll() is None

    def configure(self, extra: Settings) -> None:
        """Write its settings: one node, on loopback, that minds no disk watermark."""
        settings: Settings = {
            "cluster.name": "sftsec-tests",
            "node.name": "node",
            "discovery.type": "single-node",
            "network.host": "127.0.0.1",
            "http.port": self.port,
            "transport.port": 0,
            "path.data": str(self.data),
            "path.logs": str(self.folder / "logs"),
            "cluster.routing.allocation.disk.threshold_enabled": False,
            **extra,
        }
        lines = [f"{name}: {_yaml(value)}\n" for name, value in settings.items()]
        config = self.folder / "config"
        (config / f"{self.distribution.name}.yml").write_text("".join(lines))
        (config / "log4j2.properties").write_text(_LOGGING)
        (config / "jvm.options").write_text(f"-Djava.io.tmpdir={self.folder / 'tmp'}\n")

    def start(self) -> None:
        """Start the process; it answers some seconds later."""
        if self.alive:
            raise RuntimeError("it runs already: kill() or stop() it first")
        user = []
        if os.geteuid() == 0:  # the engines refuse to run as root
            _give_away(self.folder, self.data)
            user = [f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
        program = self.distribution.home / "bin" / self.distribution.name
        with (self.folder / "log").open("ab") as log:
            self._process = _STARTER.submit(
                subprocess.Popen,
                ["setpriv", *user, "--pdeathsig=TERM", str(program)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self._environment(),
            ).result()

    def kill(self) -> None:
        """End it as a crash would, without a word to its clients."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, wait for that, and insist where it takes too long."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None or not self.alive:
            return
        # Elasticsearch's server is a child of its launcher; OpenSearch's is the process itself.
        launcher = psutil.Process(self._process.pid)
        processes = [*launcher.children(recursive=True), launcher]
        for process in processes if how == signal.SIGKILL else [launcher]:
            process.send_signal(how)
        _, left = psutil.wait_procs(processes, timeout=_STOP_S)
        for process in left:
            process.kill()
        self._process.wait()

    def _environment(self) -> dict[str, str]:
        prefix = self.distribution.prefix
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            f"{prefix}_JAVA_HOME": str(java_home()),
            f"{prefix}_PATH_CONF": str(self.folder / "config"),
            f"{prefix}_TMPDIR": str(self.folder / "tmp"),
            f"{prefix}_JAVA_OPTS": _JVM,
        }


@contextmanager
def new_node(distribution: Distribution) -> Iterator[Node]:
    """A node that is yet to be configured and started; ended, and its folders deleted, at the end.

    They are none of pytest's: those are closed to the user that the engines run as. Only data may
    lie in memory: from there a program must not always be run.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"sftsec-{distribution.name}-"))
    data = Path(tempfile.mkdtemp(prefix=f"sftsec-{distribution.name}-", dir=memory_folder()))
    for part in ("config", "logs", "tmp"):
        (folder / part).mkdir()
    node = Node(distribution, folder, data, _free_port())
    try:
        yield node
    finally:
        node.stop()
        for each in (folder, data):
            shutil.rmtree(each, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _yaml(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _give_away(*folders: Path) -> None:
    for path in (each for folder in folders for each in (folder, *folder.rglob("*"))):
        os.chown(path, _NOBODY, _NOBODY, follow_symlinks=False)
