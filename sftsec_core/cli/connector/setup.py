"""`sftsec connector setup`: create what a connector writes to."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_connector
from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("setup", short_help="Create the templates and indices a connector writes to.")
@click.argument("name", shell_complete=complete_connector)
@json_option
@pass_app
def command(app: App, name: str, as_json: bool) -> None:
    """Create the templates, data streams and indices that a connector writes to.

    Running it again changes nothing. It needs more rights than a pull or a push: run it once as
    an administrator, with a configuration of its own where the everyday credentials may not.

    \b
    Examples:
      sftsec connector setup elastic
      sftsec -c admin.yaml connector setup wazuh --json
    """
    from sftsec_core.operations.set_up_connector import set_up_connector

    with app.context() as context:
        made = set_up_connector(context, name)
    data = {"connector": name, "made": list(made)}
    emit(data, as_json=as_json, show=table(name, ("made",), [[each] for each in made]))
