"""`sftsec token list`: the tokens, without their secrets."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table

_COLUMNS = ("id", "name", "state", "roles", "created_at", "expires_at", "used_at")


@click.command("list", short_help="List the tokens, with their last use.")
@json_option
@pass_app
def command(app: App, as_json: bool) -> None:
    """List all tokens by name, also expired and revoked ones; never a secret.

    The last use is kept to the minute.

    \b
    Examples:
      sftsec token list
      sftsec token list --json
    """
    from sftsec_core.operations.list_tokens import list_tokens

    with app.context() as context:
        found = list_tokens(context)
    data = [each.to_json() for each in found]
    rows = [[{**row, "roles": ", ".join(row["roles"])}[name] for name in _COLUMNS] for row in data]
    emit(data, as_json=as_json, show=table("tokens", _COLUMNS, rows))
