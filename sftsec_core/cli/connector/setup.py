"""`sftsec connector setup`: make what the other side needs before the first push."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("setup")
@click.argument("name")
@json_option
@pass_app
def command(app: App, name: str, as_json: bool) -> None:
    """Make the templates, data streams and indices that a connector writes to.

    Doing it again changes nothing. It needs more rights than a pull or a push: run it once as
    an administrator, with a configuration of its own where the everyday credentials may not.

    \b
    Examples:
      sftsec connector setup elastic
      sftsec -c admin.yaml connector setup wazuh --json
    """
    from sftsec_core.api.contracts import NeedsSetup
    from sftsec_core.api.errors import ConnectorError

    with app.context() as context, context.connector(name) as connector:
        if not isinstance(connector, NeedsSetup):
            raise ConnectorError("it needs no setup", connector=name)
        made = list(connector.setup())
        context.store.audit.append("connector.setup", name, {"made": made})
    emit(
        {"connector": name, "made": made},
        as_json=as_json,
        show=table(name, ("made",), [[m] for m in made]),
    )
