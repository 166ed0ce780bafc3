"""How fast `sftsec serve` scores, beside a bare FastAPI handler around a transformers pipeline.

Both serve the same fine-tuned encoder, in processes of their own over loopback, in turns in one
run; ours redacts each event, which the other does not. Then the live model is swapped under load.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sftsec_core.api.errors import SftsecError
from sftsec_core.bench.bare_service import PATH, SAID
from sftsec_core.bench.load import Load, Target, run_load
from sftsec_core.bench.serve_site import MAX_LENGTH, TASK, ServeSite, serve_site
from sftsec_core.bench.train import KINDS, make_texts

OURS, BARE = "sftsec serve", "bare FastAPI and pipeline"
BODIES = 64
_CODE = "from sftsec_core.cli import main; main()"
_START_S = 120
_SWAP_CLIENTS, _SWAP_EVENTS, _SWAP_S, _SWAP_ROUNDS = 8, 10, 1.5, 10


@dataclass(frozen=True, slots=True)
class _Server:
    """A server that answers.

    Attributes:
        name: of the side.
        target: where it is.
        pid: of its process.
    """

    name: str
    target: Target
    pid: int

    def rss_mb(self) -> float:
        """What it holds in memory, in MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return round(int(status.split("VmRSS:")[1].split()[0]) / 1024, 1)

    def cpu_s(self) -> float:
        """The CPU time that it has used, in seconds."""
        # The name of the program, in brackets, may hold blanks.
        stat = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def run_serve_bench(
    clients: Sequence[int], events: Sequence[int], seconds: float
) -> dict[str, Any]:
    """Measure both sides under each number of clients with each number of events a request.

    Args:
        clients: that ask at once, each over a connection of its own.
        events: of a request; no two requests hold the same texts.
        seconds: of each measurement; that of the swaps goes on until answers came of two models.

    Returns:
        seconds, cpus, sides (rows of side, clients, events, requests_per_s, events_per_s, p50_ms,
        p99_ms, refused, failed, healthz_p99_ms, events_per_cpu_s), ratios (rows of clients, events,
        throughput and per_cpu_s: ours divided by the other's), swap (clients, events, swaps,
        models, and figures as of a side) and rss_mb (of each side's process, at the end).

    Raises:
        SftsecError: when a server does not start.
    """
    with (
        tempfile.TemporaryDirectory(prefix="sftsec-bench-") as scratch,
        serve_site(Path(scratch)) as site,
        _ours(site) as ours,
        _bare(site.models[0].folder) as bare,
    ):
        bodies = {count: _bodies(count) for count in {*events, _SWAP_EVENTS}}
        for server in (ours, bare):
            run_load(server.target, bodies[_SWAP_EVENTS], 2, 1.0)
        sides, ratios = [], []
        for count in events:
            for callers in clients:
                pair = [
                    _measure(server, bodies[count], callers, count, seconds)
                    for server in (ours, bare)
                ]
                sides += pair
                ratios.append(_ratio(*pair))
        swap = _swap(site, ours, bodies[_SWAP_EVENTS], max(seconds, 3 * _SWAP_S))
        rss = {server.name: server.rss_mb() for server in (ours, bare)}
    return {
        "seconds": seconds,
        "cpus": len(os.sched_getaffinity(0)),
        "sides": sides,
        "ratios": ratios,
        "swap": swap,
        "rss_mb": rss,
    }


def _measure(
    server: _Server, bodies: Sequence[bytes], clients: int, events: int, seconds: float
) -> dict[str, Any]:
    before = server.cpu_s()
    found = run_load(server.target, bodies, clients, seconds)
    used = server.cpu_s() - before
    scored = events * len(found.latencies_s)
    return {
        "side": server.name,
        "clients": clients,
        "events": events,
        **found.figures(events),
        "events_per_cpu_s": round(scored / used, 1) if used else None,
    }


def _ratio(ours: dict[str, Any], bare: dict[str, Any]) -> dict[str, Any]:
    def ratio(figure: str) -> float | None:
        mine, theirs = ours[figure], bare[figure]
        return round(mine / theirs, 2) if mine is not None and theirs else None

    return {
        "clients": ours["clients"],
        "events": ours["events"],
        "throughput": ratio("events_per_s"),
        "per_cpu_s": ratio("events_per_cpu_s"),
    }


def _swap(
    site: ServeSite, server: _Server, bodies: Sequence[bytes], seconds: float
) -> dict[str, Any]:
    """Load the server while models are swapped, until answers came of both of them."""
    found = Load()
    with site.swapping(_SWAP_S) as moved:
        for _ in range(_SWAP_ROUNDS):
            found += run_load(server.target, bodies, _SWAP_CLIENTS, seconds)
            if len(found.digests) > 1:
                break
    return {
        "clients": _SWAP_CLIENTS,
        "events": _SWAP_EVENTS,
        "swaps": len(moved),
        "models": len(found.digests),
        **found.figures(_SWAP_EVENTS),
    }


def _bodies(events: int) -> list[bytes]:
    """Requests of so many events; no two hold the same text."""
    texts, _ = make_texts(KINDS["urls"], events * BODIES)
    return [
        json.dumps(
            {
                "task": TASK,
                "events": [
                    {"id": str(number), "fields": {"message": f"GET {text} from host-{start}"}}
                    for number, text in enumerate(texts[start : start + events])
                ],
            }
        ).encode()
        for start in range(0, len(texts), events)
    ]


@contextmanager
def _ours(site: ServeSite) -> Iterator[_Server]:
    file = str(site.context.file)
    with _process(["-c", _CODE, "-c", file, "serve"], "listening on ") as (process, line):
        place = urlsplit(line.split()[2].rstrip(";"))
        target = Target(str(place.hostname), int(place.port or 0), "/v1/score", site.token)
        _wait_until_scored(target)
        yield _Server(OURS, target, process.pid)


@contextmanager
def _bare(folder: Path) -> Iterator[_Server]:
    command = ["-m", "sftsec_core.bench.bare_service", str(folder), str(MAX_LENGTH)]
    with _process(command, SAID) as (process, line):
        target = Target("127.0.0.1", int(line.split()[1]), PATH)
        _wait_until_scored(target)
        yield _Server(BARE, target, process.pid)


def _wait_until_scored(target: Target) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        if run_load(target, _bodies(1), 1, 0.05).latencies_s:
            return
        time.sleep(0.1)
    raise SftsecError(f"no server scores at {target.host}:{target.port} within {_START_S} s")


@contextmanager
def _process(arguments: Sequence[str], said: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process of this Python and the line that it says when it listens."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if process.stdout is None:
        raise AssertionError("a pipe was asked for")
    lines = list[str]()
    # Its log is read on, so that it never waits for a reader.
    rest = threading.Thread(target=process.stdout.read)
    try:
        for line in process.stdout:
            lines.append(line)
            if line.startswith(said):
                break
        else:
            raise SftsecError(f"a server did not start: {' '.join(lines[-3:]).strip()}")
        rest.start()
        yield process, lines[-1]
    finally:
        process.kill()
        process.wait()
        if rest.ident is not None:
            rest.join()
        process.stdout.close()
