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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sftsec_core.api.errors import SftsecError
from sftsec_core.bench.bare_service import PATH, SAID
from sftsec_core.bench.load import TURN, WAIT_S, Load, Target, run_load
from sftsec_core.bench.serve_site import MAX_LENGTH, TASK, ServeSite, serve_site
from sftsec_core.bench.train import KINDS, make_texts

OURS, BARE = "sftsec serve", "bare FastAPI and pipeline"
LEAST_BODIES = 64
SLICES = 4  # that a measurement is cut into: the sides take turns
_CODE = "from sftsec_core.cli import main; main()"
_START_S = 120
_IDLE_S = 0.5
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
    clients: Sequence[int],
    events: Sequence[int],
    seconds: float,
    wait_s: float = WAIT_S,
    on_measured: Callable[[int, int], None] = lambda _clients, _events: None,
) -> dict[str, Any]:
    """Measure both sides under each number of clients with each number of events a request.

    The sides take turns in slices of a quarter of the time, so that what else the machine does
    meets both. A slice ends with the last answer: of large requests one slice may take longer than
    `seconds`, and is then the whole measurement.

    Args:
        clients: that ask at once, each over a connection of its own.
        events: of a request; no two requests at a time hold the same texts.
        seconds: of each side's measurement; that of the swaps goes on until answers came of two
            models.
        wait_s: seconds that the last requests of a slice are waited for.
        on_measured: called after each measurement.

    Returns:
        seconds, cpus, sides (rows of side, clients, events, requests_per_s, events_per_s, p50_ms,
        p99_ms, refused, failed, unanswered, healthz_p99_ms, events_per_cpu_s), ratios (rows of
        clients, events, throughput and per_cpu_s: ours divided by the other's; pairs of slices,
        with the least and the most throughput of a pair), swap (clients, events, swaps, models, and
        figures as of a side) and rss_mb (of each side's process, at the end).

    Raises:
        SftsecError: when a server does not start, or computes on long after it was asked last.
    """
    with (
        tempfile.TemporaryDirectory(prefix="sftsec-bench-") as scratch,
        serve_site(Path(scratch)) as site,
        _ours(site) as ours,
        _bare(site.models[0].folder) as bare,
    ):
        bodies = {
            count: _bodies(count, max(*clients, LEAST_BODIES)) for count in {*events, _SWAP_EVENTS}
        }
        for server in (ours, bare):
            run_load(server.target, bodies[_SWAP_EVENTS], 2, 1.0)
        sides, ratios = [], []
        for count, callers in product(events, clients):
            pairs = _measure((ours, bare), bodies[count], callers, seconds, wait_s)
            rows = [
                each.row(clients=callers, events=count)
                for each in (sum_slices(slices) for slices in zip(*pairs, strict=True))
            ]
            sides += rows
            ratios.append(_ratio(rows, pairs))
            on_measured(callers, count)
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


@dataclass(frozen=True, slots=True)
class _Slice:
    """What one side did for a while.

    Attributes:
        side: its name.
        load: what the clients saw.
        cpu_s: the server's CPU time, in seconds.
    """

    side: str
    load: Load
    cpu_s: float

    @property
    def per_s(self) -> float:
        """Requests that were answered, a second."""
        return len(self.load.latencies_s) / self.load.seconds

    def row(self, *, clients: int, events: int) -> dict[str, Any]:
        """Its figures."""
        scored = events * len(self.load.latencies_s)
        return {
            "side": self.side,
            "clients": clients,
            "events": events,
            **self.load.figures(events),
            "events_per_cpu_s": round(scored / self.cpu_s, 1) if self.cpu_s else None,
        }


def sum_slices(slices: Sequence[_Slice]) -> _Slice:
    """Slices of one side as one; at least one."""
    load = Load()
    for each in slices:
        load += each.load
    return _Slice(slices[0].side, load, sum(each.cpu_s for each in slices))


def _measure(
    servers: Sequence[_Server],
    bodies: Sequence[bytes],
    clients: int,
    seconds: float,
    wait_s: float,
) -> list[tuple[_Slice, ...]]:
    """Load the servers in turns until each was loaded for so long; a slice of each in a row."""
    pairs = list[tuple[_Slice, ...]]()
    while not pairs or (min(_loaded_s(pairs)) < seconds and len(pairs) < SLICES):
        pairs.append(
            tuple(_slice(each, bodies, clients, seconds / SLICES, wait_s) for each in servers)
        )
    return pairs


def _loaded_s(pairs: Sequence[tuple[_Slice, ...]]) -> list[float]:
    return [sum(each.load.seconds for each in slices) for slices in zip(*pairs, strict=True)]


def _slice(
    server: _Server, bodies: Sequence[bytes], clients: int, seconds: float, wait_s: float
) -> _Slice:
    before = server.cpu_s()
    found = run_load(server.target, bodies, clients, seconds, wait_s)
    used = server.cpu_s() - before
    if found.unanswered:
        # It may compute what no one waits for any more, which would slow the other side down.
        _wait_until_idle(server, wait_s)
    return _Slice(server.name, found, used)


def _wait_until_idle(server: _Server, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = server.cpu_s()
        time.sleep(_IDLE_S)
        if server.cpu_s() - before < _IDLE_S / 4:
            return
    raise SftsecError(
        f"{server.name} still computes {seconds:g} s after its last request: ask with fewer "
        "--clients or --events, or a longer --wait"
    )


def _ratio(rows: Sequence[dict[str, Any]], pairs: Sequence[tuple[_Slice, ...]]) -> dict[str, Any]:
    ours, bare = rows
    each = [_divided(mine.per_s, theirs.per_s) for mine, theirs in pairs]
    known = [one for one in each if one is not None]
    return {
        "clients": ours["clients"],
        "events": ours["events"],
        "throughput": _divided(ours["events_per_s"], bare["events_per_s"]),
        "least": min(known, default=None),
        "most": max(known, default=None),
        "pairs": len(pairs),
        "per_cpu_s": _divided(ours["events_per_cpu_s"], bare["events_per_cpu_s"]),
    }


def _divided(ours: float | None, bare: float | None) -> float | None:
    return round(ours / bare, 2) if ours is not None and bare else None


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


def _bodies(events: int, requests: int) -> list[bytes]:
    """So many requests of so many events; no text is sent twice."""
    texts, _ = make_texts(KINDS["urls"], events * requests)
    turn = TURN.decode()
    return [
        json.dumps(
            {
                "task": TASK,
                "events": [
                    {
                        "id": str(number),
                        "fields": {"message": f"GET {text} from host-{turn}"},
                    }
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
        if run_load(target, _bodies(1, 1), 1, 0.05).latencies_s:
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
