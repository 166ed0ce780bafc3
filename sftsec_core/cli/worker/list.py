"""`sftsec worker list`: which workers there are, and what each runs."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("list", short_help="List workers and what each runs.")
@json_option
@pass_app
def command(app: App, as_json: bool) -> None:
    """List the workers of the last day, the newest first, and what each runs.

    A worker without a sign of life for longer than `state.lease` is lost: another one takes over
    what it ran. "Problem" says what keeps a worker from queueing what is due.

    \b
    Examples:
      sftsec worker list
      sftsec worker list --json
    """
    from sftsec_core.operations.manage_workers import list_workers

    with app.context() as context:
        found = list_workers(context)
    rows = [
        (
            each.info.name,
            each.info.state,
            each.info.version,
            each.info.started_at,
            f"{len(each.runs)}/{each.info.slots}",
            ", ".join(f"{run.info.kind} {run.info.task} ({run.info.id})" for run in each.runs),
            each.info.problem,
        )
        for each in found
    ]
    columns = ("worker", "state", "version", "since", "slots", "runs", "problem")
    emit([each.to_json() for each in found], as_json=as_json, show=table("workers", columns, rows))
