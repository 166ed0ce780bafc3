"""`sftsec token revoke`: refuse a token from now on."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_token
from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("revoke", short_help="Refuse a token, or all of an owner, from now on.")
@click.argument("name", shell_complete=complete_token)
@json_option
@pass_app
def command(app: App, name: str, as_json: bool) -> None:
    """Revoke the token with this id, or all tokens of this owner.

    A running `sftsec serve` refuses it within 5 seconds, and ends its sessions.

    \b
    Examples:
      sftsec token revoke ann
      sftsec token revoke 4mhzq2kx7b3a --json
    """
    from sftsec_core.operations.revoke_token import revoke_token

    with app.context() as context:
        revoked = revoke_token(context, name)
    data = [{"id": each.id, "name": each.name, "roles": list(each.roles)} for each in revoked]
    rows = [[row["id"], row["name"], ", ".join(row["roles"])] for row in data]
    emit(data, as_json=as_json, show=table("revoked", ("id", "name", "roles"), rows))
