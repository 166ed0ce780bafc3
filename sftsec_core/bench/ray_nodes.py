"""A Ray cluster on the loopback interface, for proofs: real nodes in processes of their own.

`python -P -m sftsec_core.bench.ray_nodes CPUS...` starts a head node and further ones with
so many processors each, prints the head's address, and then takes a line of standard input at a
time: `kill N` ends node N (0: the head) at once, as a power cut does; `add CPUS` starts one. Each
is answered by a line; the end of standard input ends all of them.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

OBJECT_STORE = 100 * 2**20  # bytes of shared memory a node
TOKEN = "SFTSEC_BENCH_RAY_TOKEN"  # noqa: S105 - the name of a variable
_TRIES = 4
_FIRST = 2  # 127.0.0.2: Ray takes 127.0.0.1 for a wish to be reached from elsewhere


@dataclass
class RayNodes:
    """A running cluster.

    Attributes:
        address: of its head node.
        token: what it asks for.
    """

    address: str
    token: str = field(repr=False)
    _process: subprocess.Popen[str] = field(repr=False)

    def kill(self, node: int) -> None:
        """End a node at once."""
        self._ask(f"kill {node}")

    def add(self, cpus: int) -> None:
        """Start another node."""
        self._ask(f"add {cpus}")

    def _ask(self, line: str) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: PT018, S101 - both were asked for
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != "done\n":
            raise RuntimeError(f"the Ray nodes did not carry out {line!r}")


@contextmanager
def ray_nodes(*cpus: int) -> Iterator[RayNodes]:
    """Hold a cluster; its token stands in the environment variable `TOKEN` meanwhile.

    Args:
        cpus: of each node; the first one is the head.
    """
    token = secrets.token_hex(32)
    # Unix sockets lie below it: their paths must be short, whatever TMPDIR says.
    folder = tempfile.mkdtemp(prefix="sftsec-", dir="/tmp")
    Path(folder, "ray").mkdir()
    command = [sys.executable, "-P", "-m", __name__, *map(str, cpus)]
    # Ray adds 15 to the niceness of its workers, which a busy machine then gives no time.
    plain = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    env = {**os.environ, **plain, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}
    env["RAY_TMPDIR"] = folder
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    )
    os.environ[TOKEN] = token
    try:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        address = process.stdout.readline().strip()
        if not address:
            raise RuntimeError("the Ray nodes did not start")
        yield RayNodes(address, token, process)
    finally:
        del os.environ[TOKEN]
        process.communicate()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Start the nodes and carry out the lines."""
    from ray.cluster_utils import Cluster

    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what Ray prints is no answer
    cpus = sys.argv[1:]
    cluster, nodes = Cluster(), list[Any]()
    for count in cpus:
        nodes.append(_start(cluster, len(nodes), int(count)))
    out.write(f"{cluster.address}\n")
    out.flush()
    for line in sys.stdin:
        verb, _, number = line.strip().partition(" ")
        if verb == "kill":
            cluster.remove_node(nodes[int(number)], allow_graceful=False)
        else:
            nodes.append(_start(cluster, len(nodes), int(number)))
        out.write("done\n")
        out.flush()
    cluster.shutdown()


def _start(cluster: Any, number: int, cpus: int) -> Any:  # noqa: ANN401 - Ray's own types
    """Start a node; Ray allows it 30 s, which a loaded machine may miss."""
    for left in reversed(range(_TRIES)):
        try:
            return _try_to_start(cluster, number, cpus)
        except Exception:  # Ray raises a plain one
            if not left:
                raise
    return None


def _try_to_start(cluster: Any, number: int, cpus: int) -> Any:  # noqa: ANN401 - as above
    return cluster.add_node(
        num_cpus=cpus,
        node_ip_address=f"127.0.0.{_FIRST + number}",
        object_store_memory=OBJECT_STORE,
        include_dashboard=False,
        include_log_monitor=False,
        no_monitor=True,
    )


if __name__ == "__main__":
    main()
