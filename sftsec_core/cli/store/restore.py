"""`sftsec store restore`: bring a state back from a backup."""

from __future__ import annotations

from pathlib import Path

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("restore", short_help="Bring a state back from a backup.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace what the state holds.")
@json_option
@pass_app
def command(app: App, file: Path, force: bool, as_json: bool) -> None:
    """Fill the state that sftsec.yaml names from a file of `sftsec store backup`.

    The state must be empty. Every file is compared with its digest before anything gets its
    place; the database's rows come last, in one transaction. Killed, the same command does it
    again, with --force where rows are there already. The backup may be of another kind of database
    and of an earlier version.

    A backup holds what `sftsec forget` erased after it was made. Where the state folder still has
    its forgotten.json, nothing is pulled until `sftsec forget --resume` has erased it again;
    elsewhere forget it again.

    \b
    Examples:
      sftsec store restore /backups/sftsec-20260131T120000Z.tar
      sftsec store check --deep
    """
    from sftsec_core.operations.restore_store import restore_store

    with app.context() as context:
        done = restore_store(context, file, force=force)
    shown = {
        "restored": done.place,
        "as of": done.created_at,
        "rows": f"{sum(done.rows.values()):,}",
        **done.folders,
    }
    emit(done.to_json(), as_json=as_json, show=facts(shown))
    for note in done.notes:
        app.say(f"warning: {note}")
    app.next("sftsec store check --deep", as_json=as_json)
