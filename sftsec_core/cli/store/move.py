"""`sftsec store move`: move the state's database to another one."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("move", short_help="Move the store to another database.")
@click.argument("url")
@click.option("--dry-run", is_flag=True, help="Only look whether it can be moved there.")
@click.option(
    "--replace-moved",
    is_flag=True,
    help="Empty the other database first where it is a store that was moved away.",
)
@json_option
@pass_app
def command(app: App, url: str, dry_run: bool, replace_moved: bool, as_json: bool) -> None:
    """Copy all tables to the database URL, compare them, and use it from then on.

    URL is as state.url: postgresql://..., sqlite:////..., or where it is (env:NAME). The other
    database must be empty. Processes that write meanwhile wait; those still connected to the old
    store afterwards get an error that names the new place. Folders and keys.json stay where they
    are. Killed, the old store counts, or the same command finishes the move. sftsec.yaml
    gets the new URL, unless it holds a password: then put it in a variable or a file.

    \b
    Examples:
      sftsec store move postgresql://sftsec@db.example/sftsec --dry-run
      SFTSEC_DB=postgresql://sftsec:...@db/sftsec sftsec store move env:SFTSEC_DB
      sftsec store move sqlite:////var/lib/sftsec/sftsec.db --replace-moved
    """
    from sftsec_core.operations.move_store import move_store

    with app.context() as context:
        done = move_store(context, url, replace_moved=replace_moved, dry_run=dry_run)
    state = "moved" if done.moved else "can be moved"
    shown = {"from": done.source, "to": done.target, state: f"{sum(done.rows.values()):,} rows"}
    emit(done.to_json(), as_json=as_json, show=facts(shown))
    if done.next:
        app.next(done.next, as_json=as_json)
