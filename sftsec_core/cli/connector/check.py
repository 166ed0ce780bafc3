"""`sftsec connector check`: can it be reached, read and written."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("check")
@click.argument("names", nargs=-1)
@json_option
@pass_app
def command(app: App, names: tuple[str, ...], as_json: bool) -> None:
    """Try connectors, all of them or those that are named; exit 5 when one is not right.

    \b
    Examples:
      sftsec connector check
      sftsec connector check mail --json
    """
    from sftsec_core.api.errors import ConnectorError

    found: dict[str, list[str]] = {}
    with app.context() as context:
        for name in names or sorted(context.settings.connectors):
            with context.connector(name) as connector:
                try:
                    found[name] = list(connector.check())
                except ConnectorError as error:
                    found[name] = [str(error)]
    rows = [(name, "; ".join(wrong) or "ok") for name, wrong in found.items()]
    emit(found, as_json=as_json, show=table("connectors", ("name", "state"), rows))
    broken = [name for name, wrong in found.items() if wrong]
    if broken:
        raise ConnectorError(f"not right: {', '.join(broken)}; see the lines above")
