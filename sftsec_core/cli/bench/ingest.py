"""`sftsec bench ingest`: how fast incidents are pulled, redacted, deduplicated and kept."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("ingest", short_help="Measure pull, redaction, deduplication and writing.")
@click.option("--rows", default=1_000_000, show_default=True, type=click.IntRange(1000))
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Where to work; default: a new one."
)
@json_option
@pass_app
def command(app: App, rows: int, folder: Path | None, as_json: bool) -> None:
    """Generate a JSON-lines file, a tenth of it near-duplicates, and ingest it.

    Beside it, in the same run: parsing, redaction patterns and MinHash alone, without a store.

    \b
    Examples:
      sftsec bench ingest
      sftsec bench ingest --rows 2000000 --json
    """
    from sftsec_core.bench.ingest import run_ingest_bench

    app.say(f"generating and ingesting {rows:,} incidents")
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        result = run_ingest_bench(rows, folder)
    else:
        with tempfile.TemporaryDirectory(prefix="sftsec-bench-") as scratch:
            result = run_ingest_bench(rows, Path(scratch))
    emit(result, as_json=as_json, show=facts(result))
