"""How the state store grows: what a row costs at 10,000 rows, at 100,000 and at a million.

`python -m sftsec_core.bench.store --rows 100000`. Each size has a store of its own, filled through
the objects that the product uses, in a process of its own, so that its peak memory is its own. The
destination accepts at once: what is measured of a delivery is the outbox alone. A growth of 1 is
linear: twice the rows take twice the time.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sftsec_core.bench.memory import peak_rss_mb

if TYPE_CHECKING:
    from sftsec_core.api.domain import Detection, Incident
    from sftsec_core.store.store import Store

SIZES = (10_000, 100_000, 1_000_000)
_TASK, _SIEM = "bench", "siem"
_PAGE = 1_000
_AUDIT_ENTRIES = 100  # a transaction
_START = datetime(2026, 1, 1, tzinfo=UTC)


def run_store_bench(
    sizes: Sequence[int],
    folder: Path,
    url: str | None = None,
    on_size: Callable[[int], object] = lambda _size: None,
) -> dict[str, Any]:
    """Fill a store of each size, and time what is done with it.

    Args:
        sizes: rows of each table, ascending.
        folder: for SQLite's files, which are removed.
        url: of a PostgreSQL server on which databases may be created; None for SQLite.
        on_size: called before each size.

    Returns:
        `database`; `sizes`, each with `rows`, `megabytes` of the database, `peak_rss_mb` and
        `steps`: name to `seconds` and `cpu_seconds` (of this process, not of a server); and
        `growth`, name to the exponent between the last two sizes, of the processor's time on
        SQLite and of the clock's on a server.

    Raises:
        StoreError: when the database cannot be made or refuses.
    """
    found = []
    for size in sizes:
        on_size(size)
        with _database(folder, url) as place:
            found.append(_in_child(size, folder, place))
    measure = "cpu_seconds" if url is None else "seconds"
    return {
        "database": "sqlite" if url is None else "postgresql",
        "sizes": found,
        "growth": _growth(found[-2], found[-1], measure) if len(found) > 1 else {},
    }


def _growth(one: dict[str, Any], other: dict[str, Any], measure: str) -> dict[str, float]:
    """The exponents between two sizes: log(time ratio) / log(row ratio)."""
    rows = math.log(other["rows"] / one["rows"])
    return {
        name: round(math.log(max(after[measure], 1e-4) / max(before[measure], 1e-4)) / rows, 2)
        for name, after in other["steps"].items()
        for before in (one["steps"][name],)
    }


@contextmanager
def _database(folder: Path, url: str | None) -> Iterator[str]:
    """An empty database of our own, removed at the end."""
    if url is None:
        with tempfile.TemporaryDirectory(prefix="bench-store-", dir=folder) as scratch:
            yield f"sqlite:///{scratch}/sftsec.db"
        return
    from sqlalchemy import text

    from sftsec_core.api.errors import StoreError
    from sftsec_core.store import dialects

    if not url.startswith("postgresql"):
        raise StoreError("--url: not the address of a PostgreSQL server; SQLite needs none")
    server, name = dialects.read_url(url), f"sftsec_bench_{uuid4().hex[:12]}"
    engine = dialects.create(server).execution_options(isolation_level="AUTOCOMMIT")
    try:
        with dialects.store_errors(server), engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
            try:
                yield server.set(database=name).render_as_string(hide_password=False)
            finally:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        engine.dispose()


def _in_child(size: int, folder: Path, url: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "sftsec_core.bench.store", "--child"]
    given = json.dumps({"size": size, "folder": str(folder), "url": url})
    # By standard input: a URL may hold a password, which a list of processes would show.
    done = subprocess.run(command, check=True, input=given, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


class _AtOnce:
    """A destination that accepts whatever it is given."""

    def push(self, detections: Sequence[Detection]) -> Any:  # noqa: ANN401 - imported late
        from sftsec_core.api.domain import PushReceipt

        return PushReceipt(written=[each.uid for each in detections])


class _Steps:
    """Times what is done, by name."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, float]] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a block."""
        begin, cpu = time.perf_counter(), time.process_time()
        yield
        self.found[name] = {
            "seconds": round(time.perf_counter() - begin, 4),
            "cpu_seconds": round(time.process_time() - cpu, 4),
        }


def _measure(size: int, folder: Path, url: str) -> dict[str, Any]:
    from sftsec_core.operations.gc_tuning import raise_gc_thresholds
    from sftsec_core.store.store import Store

    raise_gc_thresholds()  # as the command line does
    steps = _Steps()
    with Store.open(url, folder=folder, actor="bench") as store:
        _verdicts(store, size, steps)
        _detections(store, size, steps)
        _records(store, size, steps)
        _audit(store, size, steps)
        _overview(store, steps)
        megabytes = store.health.bytes() / 1e6
    return {
        "rows": size,
        "megabytes": round(megabytes, 1),
        "peak_rss_mb": round(peak_rss_mb()),
        "steps": steps.found,
    }


def _verdicts(store: Store, size: int, steps: _Steps) -> None:
    from sftsec_core.store.chain import Link

    with steps.step("verdicts add"):
        store.verdicts.add(_SIEM, _incidents(size))
    with steps.step("verdicts list"):
        store.verdicts.list(limit=50)
    with steps.step("verdicts pulled since"):
        store.verdicts.pulled_since(_SIEM, _START)
    with steps.step("verdicts verify"):
        store.verdict_chain.verify()
    known = Link(*store.verdict_chain.head())
    store.verdicts.add(_SIEM, _incidents(size // 100, "later"))
    with steps.step("verdicts verify, 1% new"):
        store.verdict_chain.verify(after=known)


def _detections(store: Store, size: int, steps: _Steps) -> None:
    from sftsec_core.scoring.delivery import deliver

    cursor = None
    with steps.step("scored pages"):
        for start in range(0, size, _PAGE):
            page = [_detection(n) for n in range(start, min(start + _PAGE, size))]
            with store.writing() as connection:
                after = str(start)
                store.cursors.move(_TASK, _SIEM, after, expected=cursor, joined=connection)
                store.outbox.add(_SIEM, page, run_id="bench", joined=connection)
            cursor = after
    with steps.step("claims"):
        last = 0
        while rows := store.outbox.claim(_SIEM, "bench", limit=500, after=last):
            last = rows[-1].id
        store.outbox.release("bench")
    with steps.step("delivery"):
        counts = deliver(store, _AtOnce(), _SIEM)  # type: ignore[arg-type]
    if counts.written != size:
        raise RuntimeError(f"{counts.written} of {size} detections were delivered")
    with steps.step("counts of a run"):
        store.outbox.of_run("bench")
        store.outbox.stranded(_TASK, [_SIEM])


def _records(store: Store, size: int, steps: _Steps) -> None:
    from sftsec_core.api.domain import Rejection

    with steps.step("quarantine"):
        for start in range(0, size, _PAGE):
            page = [
                Rejection(f"file:{n}", "no JSON", f"{n:064x}")
                for n in range(start, min(start + _PAGE, size))
            ]
            store.quarantine.add(_SIEM, page, run_id="bench")


def _audit(store: Store, size: int, steps: _Steps) -> None:
    from sftsec_core.store.chain import Link

    details = {"written": 500, "duplicates": 0, "rejected": 0, "run": "bench"}
    with steps.step("audit append"):
        for start in range(0, size, _AUDIT_ENTRIES):
            with store.writing() as connection:
                for _ in range(start, min(start + _AUDIT_ENTRIES, size)):
                    store.audit.append("detections.pushed", _SIEM, details, joined=connection)
    with steps.step("audit verify"):
        store.audit.examine()
    seq = store.audit.head()[0] * 99 // 100
    with steps.step("audit verify, 1% new"):
        store.audit.examine(Link(seq, store.audit.hash_of(seq) or ""))


def _overview(store: Store, steps: _Steps) -> None:
    with steps.step("status"):
        store.outbox.counts()
        store.outbox.stranded(_TASK, [_SIEM])
        store.verdicts.pulled_since(_SIEM, _START)
        store.label_requests.waiting(_TASK, _SIEM)


def _incidents(size: int, name: str = "incident") -> Iterator[Incident]:
    from sftsec_core.api.domain import Incident, Verdict

    for n in range(size):
        at = _START + timedelta(seconds=n)
        verdict = Verdict("tp" if n % 5 == 0 else "fp", f"analyst {n % 20}", at, None, False)
        yield Incident(f"{name}-{n:09d}", {}, (verdict,))


def _detection(number: int) -> Detection:
    """An alert as a task of the demo makes it: a dozen fields, half of them of this event alone."""
    from sftsec_core.api.domain import Detection, detection_uid

    random = Random(number)  # noqa: S311 - a benchmark's data, no secret
    incident, model, probability = f"incident-{number:09d}", "d3" * 32, random.uniform(0.5, 1)
    return Detection(
        uid=detection_uid(model, incident, f"{number:032x}"),
        incident_uid=incident,
        task=_TASK,
        model_digest=model,
        label="malicious",
        probability=probability,
        threshold=0.5,
        top_classes=(("malicious", probability), ("benign", 1 - probability)),
        at=_START + timedelta(seconds=number),
        fields={
            "@timestamp": f"{_START + timedelta(seconds=number):%Y-%m-%dT%H:%M:%S.000Z}",
            "host.name": f"host-{random.randrange(1000)}",
            "user.name": f"user-{random.randrange(3000)}",
            "source.ip": f"10.0.{random.randrange(256)}.{random.randrange(256)}",
            "rule.name": f"Suspicious command line {random.randrange(200)}",
            "process.command_line": f"powershell.exe -w hidden -enc {random.randbytes(24).hex()}",
            "event.action": "process_started",
            "event.category": "process",
        },
        labels=("malicious",),
    )


def main() -> None:
    """Run the benchmark, or as its child one size of it, and print a JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, action="append")
    parser.add_argument("--url")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        asked = json.loads(sys.stdin.read())
        result = _measure(asked["size"], Path(asked["folder"]), asked["url"])
    else:
        result = run_store_bench(sorted(given.rows or SIZES), given.folder, given.url)
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
