"""`sftsec connector list`: the connectors of the configuration."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("list", short_help="List configured connectors and the tasks that use them.")
@json_option
@pass_app
def command(app: App, as_json: bool) -> None:
    """List the configured connectors and the tasks that use them.

    \b
    Examples:
      sftsec connector list
      sftsec connector list --json
    """
    from sftsec_core.operations.list_connectors import list_connectors

    with app.context() as context:
        found = list_connectors(context)
    cells = [(each.name, each.type, ", ".join(each.tasks) or "-") for each in found]
    data = [each.to_json() for each in found]
    emit(data, as_json=as_json, show=table("connectors", ("name", "type", "tasks"), cells))
