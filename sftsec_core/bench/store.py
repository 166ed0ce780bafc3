"""How the state store grows: what a row costs at 10,000 rows, at 100,000 and at a million.

`python -m sftsec_core.bench.store --rows 100000`. Each size has a site of its own with a live
model, filled through the objects that the product uses, in a process of its own, so that its peak
memory is its own; then the commands that people wait for run on it. The destination accepts at
once: what is measured of a delivery is the outbox alone. A growth of 1 is linear: twice the rows
take twice the time.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from sftsec_core.bench.kills_site import TASK
from sftsec_core.bench.memory import peak_rss_mb

SIZES = (10_000, 100_000, 1_000_000)
_SFTSEC = "from sftsec_core.cli import main; main()"
# The first of two counts what the next one shows.
COMMANDS = (
    ("labels stats, first", "labels stats"),
    ("labels stats", "labels stats"),
    ("labels review", f"labels review {TASK}"),
    ("labels list", "labels list"),
    ("status", "status"),
    ("audit verify", "audit verify"),
    ("audit verify --full", "audit verify --full"),
)


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
        `database`; `sizes`, each with `rows`, `megabytes` of the database, `peak_rss_mb` of the
        process that filled it, `steps`: name to `seconds` and `cpu_seconds` (of this process, not
        of a server), and `commands`: name to these and `peak_rss_mb`, start included; and
        `growth`, a step's name to the exponent between the last two sizes, of the processor's
        time on SQLite and of the clock's on a server.

    Raises:
        StoreError: when the database cannot be made or refuses.
    """
    found = []
    for size in sizes:
        on_size(size)
        with _place(folder, url) as (scratch, database):
            filled = _in_child(size, scratch, database)
            found.append({**filled, "commands": _commands(scratch)})
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
def _place(folder: Path, url: str | None) -> Iterator[tuple[Path, str | None]]:
    """A folder of our own, and on a server an empty database; both are removed at the end."""
    with tempfile.TemporaryDirectory(prefix="bench-store-", dir=folder) as scratch:
        if url is None:
            yield Path(scratch), None
            return
        with _database(url) as database:
            yield Path(scratch), database


@contextmanager
def _database(url: str) -> Iterator[str]:
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


def _in_child(size: int, folder: Path, url: str | None) -> dict[str, Any]:
    command = [sys.executable, "-m", "sftsec_core.bench.store", "--child"]
    given = json.dumps({"size": size, "folder": str(folder), "url": url})
    # By standard input: a URL may hold a password, which a list of processes would show.
    done = subprocess.run(command, check=True, input=given, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _measure(size: int, folder: Path, url: str | None) -> dict[str, Any]:
    from sftsec_core.bench.store_site import store_site
    from sftsec_core.bench.store_steps import fill_and_time

    with store_site(folder, url) as context:
        filled = fill_and_time(context, size)
    return {"rows": size, **filled, "peak_rss_mb": round(peak_rss_mb())}


def _commands(folder: Path) -> dict[str, dict[str, float]]:
    """Run each command as a user does, in a process of its own."""
    from sftsec_core.bench.store_site import config_of

    return {name: _command(config_of(folder), words.split()) for name, words in COMMANDS}


def _command(config: Path, words: Sequence[str]) -> dict[str, float]:
    line = [sys.executable, "-c", _SFTSEC, "--config", str(config), *words, "--json"]
    begin = time.perf_counter()
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None  # noqa: S101 - it was asked for
    with process.stderr as stream:
        said = stream.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)}: {said.decode(errors='replace')}")
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return {
        "seconds": round(time.perf_counter() - begin, 4),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 4),
        "peak_rss_mb": round(used.ru_maxrss / unit),
    }


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
