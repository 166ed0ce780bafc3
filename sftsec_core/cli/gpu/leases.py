"""`sftsec gpu leases`: which run holds which GPU."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table

_COLUMNS = ("lease", "run", "task", "host", "gpus", "taken", "status", "GPU h", "reason")


@click.command("leases", short_help="List which run holds which GPU.")
@click.option("--all", "ended", is_flag=True, help="Those that ended within 30 days too.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1))
@json_option
@pass_app
def command(app: App, ended: bool, limit: int, as_json: bool) -> None:
    """List the leases of GPUs, on every machine that shares the store, newest first.

    \b
    Examples:
      sftsec gpu leases
      sftsec gpu leases --all --json
    """
    from sftsec_core.operations.list_gpus import list_gpu_leases

    with app.context() as context:
        found = list_gpu_leases(context, ended=ended, limit=limit)
    rows = [
        (
            each.info.id,
            each.info.run_id,
            each.info.task,
            each.info.host,
            ", ".join(each.info.devices.values()),
            each.info.taken_at,
            each.status,
            f"{each.gpu_seconds / 3600:.2f}",
            each.info.reason,
        )
        for each in found
    ]
    show = table("GPU leases", _COLUMNS, rows)
    emit([each.to_json() for each in found], as_json=as_json, show=show)
