"""`sftsec store backup`: one consistent copy of the state in a file."""

from __future__ import annotations

from pathlib import Path

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("backup", short_help="Write a copy of the state into a file.")
@click.argument("place", type=click.Path(path_type=Path))
@click.option(
    "--with-secrets",
    is_flag=True,
    help="Put the site's salt and keys.json into it too; keep the file as safe as those.",
)
@json_option
@pass_app
def command(app: App, place: Path, with_secrets: bool, as_json: bool) -> None:
    """Write database, models, snapshots and reports, as they are at one moment, into one tar.

    PLACE is a new file, or a folder, which gets one named by the time. Others may write
    meanwhile. It needs no pg_dump, and can be restored into SQLite or PostgreSQL. What is encrypted
    stays so. Checkpoints are left out. sftsec.yaml and the key of state.encrypt are not in it.

    \b
    Examples:
      sftsec store backup /backups
      sftsec store backup before-upgrade.tar --with-secrets
    """
    from sftsec_core.cli.gc import size
    from sftsec_core.operations.backup_store import backup_store

    with app.context() as context:
        done = backup_store(context, place, secrets=with_secrets)
    shown = {
        "backup": done.file,
        "size": size(done.bytes),
        "rows": f"{sum(done.rows.values()):,}",
        **{f"left out {number}": line for number, line in enumerate(done.left_out, 1)},
    }
    emit(done.to_json(), as_json=as_json, show=facts(shown))
    if with_secrets:
        app.say("warning: the file holds the site's salt and keys.json: keep it as safe as those")
    else:
        left = "salt and keys.json are" if done.encrypted else "the salt is"
        app.say(f"note: {left} not in it: keep a copy of the state folder's elsewhere")
