"""`sftsec store migrate`: bring the store to the schema of this version."""

from __future__ import annotations

from pathlib import Path

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("migrate", short_help="Bring the store to this version's schema.")
@click.option(
    "--backup",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the database as it is into a new file first (for sftsec store restore).",
)
@click.option("--check", is_flag=True, help="Only look; exit 10 unless the schema is current.")
@json_option
@pass_app
def command(app: App, backup: Path | None, check: bool, as_json: bool) -> None:
    """Migrate the store in one transaction; every other command does so too when it opens it.

    Then detections that an earlier version wrote are packed, a batch a transaction, so that others
    may go on writing.

    End processes of the earlier version first: they do not know the new schema.

    \b
    Examples:
      sftsec store migrate --check
      sftsec store migrate --backup before-upgrade.tar
    """
    from sftsec_core.operations.migrate_store import migrate_store

    if check and backup is not None:
        raise click.UsageError("--check changes nothing and needs no --backup")
    with app.context() as context:
        done = migrate_store(context, backup=backup, check=check)
    shown = {"store": done.place, "schema before": done.before or "none", "schema": done.after}
    left = {"backup": done.backup, "detections packed": done.packed}
    emit(done.to_json(), as_json=as_json, show=facts({**shown, **left}))
