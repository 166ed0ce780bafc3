"""`sftsec store share`: upload what this host holds to the shared place."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("share", short_help="Upload models and snapshots to the shared place.")
@json_option
@pass_app
def command(app: App, as_json: bool) -> None:
    """Upload what this host holds to state.artifacts, and compare each file there.

    Needed once, after state.artifacts is set: from then on models and snapshots are uploaded when
    they are made, and downloaded where they are missing. It also mends what is damaged there.
    Hosts need the same salt (the file of that name in the state folder), and the same keys.json.

    \b
    Examples:
      sftsec store share             # with state: {artifacts: s3://bucket/sftsec}
      sftsec store share --json
    """
    from sftsec_core.operations.share_store import share_store

    with app.context() as context:
        done = share_store(context)
    shown = {"place": done.place, "folders": done.folders, "files uploaded": done.files}
    missing = {f"missing {number}": name for number, name in enumerate(done.missing, 1)}
    emit(done.to_json(), as_json=as_json, show=facts({**shown, **missing}))
