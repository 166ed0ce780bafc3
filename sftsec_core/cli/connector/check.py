"""`sftsec connector check`: test connectivity, and the rights to read and write."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_connector
from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("check", short_help="Test connectivity of all or the named connectors.")
@click.argument("names", nargs=-1, shell_complete=complete_connector)
@json_option
@pass_app
def command(app: App, names: tuple[str, ...], as_json: bool) -> None:
    """Test connectivity and rights, and read a first page as each task does; exit 5 on a failure.

    \b
    Examples:
      sftsec connector check
      sftsec connector check mail --json
    """
    from sftsec_core.api.errors import ConnectorError
    from sftsec_core.operations.check_connectors import check_connectors

    with app.context() as context:
        found = check_connectors(context, names, lambda name, line: app.say(f"{name}: {line}"))
        tasks = [
            name
            for name, task in context.settings.tasks.items()
            if not found.keys().isdisjoint(task.connectors)
        ]
    rows = [(name, "; ".join(errors) or "ok") for name, errors in found.items()]
    emit(found, as_json=as_json, show=table("connectors", ("name", "state"), rows))
    broken = [name for name, errors in found.items() if errors]
    if broken:
        raise ConnectorError(f"not right: {', '.join(broken)}; see the lines above")
    if tasks:
        app.next(f"sftsec dataset build {tasks[0]}", as_json=as_json)
