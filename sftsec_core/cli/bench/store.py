"""`sftsec bench store`: what a row of the store costs as it grows."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rich.console import Console


@click.command("store", short_help="Measure the store at growing sizes.")
@click.option(
    "--rows",
    "sizes",
    multiple=True,
    type=click.IntRange(100),
    help="Rows of each table; repeatable. Default: 10000, 100000 and 1000000.",
)
@click.option(
    "--url",
    metavar="URL",
    help="PostgreSQL instead of SQLite: a server on which this user may create databases, or a "
    "secret reference to its URL. Each size gets a database, which is dropped again.",
)
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Where to work; default: a new one."
)
@json_option
@pass_app
def command(
    app: App, sizes: tuple[int, ...], url: str | None, folder: Path | None, as_json: bool
) -> None:
    """Fill a store of each size, and time deliveries, verdicts, the audit log and the rest.

    Then the commands that people wait for run on it. The destination accepts at once, so that only
    the store is measured. In parentheses is the time of the processor, which tells more than the
    clock's where the machine has other work. A growth of 1 is linear; it is of the processor's
    time on SQLite, of the clock's on PostgreSQL.

    \b
    Examples:
      sftsec bench store --rows 10000 --rows 100000
      sftsec bench store --url env:BENCH_POSTGRESQL --json
    """
    from sftsec_core.api.settings.secrets import SecretRef, is_reference
    from sftsec_core.bench.store import SIZES, run_store_bench

    place = SecretRef(url, Path.cwd()).reveal() if url and is_reference(url) else url
    wanted = sorted(set(sizes)) or list(SIZES)
    with tempfile.TemporaryDirectory(prefix="sftsec-bench-") as scratch:
        work = folder or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        result = run_store_bench(wanted, work, place, lambda size: app.say(f"{size:,} rows"))
    emit(result, as_json=as_json, show=_steps(result))


def _steps(result: Mapping[str, Any]) -> Callable[[Console], None]:
    sizes = result["sizes"]
    columns = ("step", *(f"{each['rows']:,} rows" for each in sizes), "growth")
    growth = {name: f"{found:.2f}" for name, found in result["growth"].items()}
    rows: list[tuple[object, ...]] = [
        (name, *(_times(each["steps"][name]) for each in sizes), growth.get(name, "-"))
        for name in sizes[0]["steps"]
    ]
    for name in sizes[0]["commands"]:
        found = [each["commands"][name] for each in sizes]
        shown = (f"{_times(each)}, {each['peak_rss_mb']} MiB" for each in found)
        rows.append((f"`sftsec {name}`", *shown, "-"))
    rows.append(("size", *(f"{each['megabytes']:.0f} MB" for each in sizes), "-"))
    rows.append(("peak memory", *(f"{each['peak_rss_mb']} MiB" for each in sizes), "-"))
    return table(f"store on {result['database']}", columns, rows)


def _times(found: Mapping[str, float]) -> str:
    return f"{found['seconds']:.2f} s ({found['cpu_seconds']:.2f})"
