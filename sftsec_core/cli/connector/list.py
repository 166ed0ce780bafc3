"""`sftsec connector list`: the connectors of the configuration."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("list")
@json_option
@pass_app
def command(app: App, as_json: bool) -> None:
    """List the configured connectors and the tasks that use them.

    \b
    Examples:
      sftsec connector list
      sftsec connector list --json
    """
    with app.context() as context:
        settings = context.settings
        rows = [
            {
                "name": name,
                "type": connector.type,
                "tasks": sorted(
                    task
                    for task, chosen in settings.tasks.items()
                    if name in (chosen.connector, chosen.push_to)
                ),
            }
            for name, connector in sorted(settings.connectors.items())
        ]
    cells = [(row["name"], row["type"], ", ".join(row["tasks"]) or "-") for row in rows]
    emit(rows, as_json=as_json, show=table("connectors", ("name", "type", "tasks"), cells))
