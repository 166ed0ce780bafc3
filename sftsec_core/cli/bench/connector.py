"""`sftsec bench connector`: pull and push beside the vendor's plain client."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_connector
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("connector", short_help="Compare a connector with its vendor's plain client.")
@click.argument("name", shell_complete=complete_connector)
@click.option(
    "--rows",
    default=200_000,
    show_default=True,
    type=click.IntRange(100),
    help="Synthetic alerts to pull, and detections to push.",
)
@click.option(
    "--rounds",
    default=3,
    show_default=True,
    type=click.IntRange(1),
    help="Turns of each side; the median counts.",
)
@json_option
@pass_app
def command(app: App, name: str, rows: int, rounds: int, as_json: bool) -> None:
    """Measure a connector of the configuration beside its vendor's plain client.

    Synthetic alerts go to an index of a new name and detections to data streams of that name; all
    of it is deleted at the end, also after Ctrl-C. The credentials must be allowed to make and
    delete them, and an index template. The sides run in turn, each in a process of its own:

    \b
      pull         alerts through the connector, with the fields that a task reads
      scan         the same by helpers.scan
      scan_fields  the same by helpers.scan, with a filter on the fields
      push         detections through the connector, in the batches of a delivery
      bulk         the same documents by helpers.streaming_bulk

    \b
    What is printed, and the keys of --json:
      SIDE_per_s    documents a second, the median of the rounds
      SIDE_cpu_s    CPU seconds of its process
      SIDE_peak_mb  the most memory that its process held
      pull_ratio    pull by the faster of scan and scan_fields, the median of pull_ratios
      push_ratio    push by bulk, the median of push_ratios
      second        a data set of the alerts, built again after a hundredth was added, where the
                    connector tells what changed: pulled (incidents read again),
                    pull_cpu_seconds_part and cpu_seconds_part (of the first build's CPU time),
                    as_rebuilt (whether a build from nothing gives the same)
      and: connector, type, rows, rounds, record_bytes, batch

    \b
    Examples:
      sftsec bench connector elastic
      sftsec bench connector elastic --rows 20000 --rounds 1 --json
    """
    from sftsec_core.api.domain import Permission
    from sftsec_core.bench.connector import run_connector_bench
    from sftsec_core.operations.authorize import authorize

    with app.context() as context:  # it writes to the platform with the connector's credentials
        authorize(context.actor, Permission.SET_UP)
    result = run_connector_bench(app.config_file(), name, rows=rows, rounds=rounds, say=app.say)
    emit(result, as_json=as_json, show=facts(result))
