"""`sftsec plugins check`: do the enabled plugins load, and what do they offer."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("check", short_help="Load the enabled plugins and list what they register.")
@json_option
@pass_app
def command(app: App, as_json: bool) -> None:
    """Load the enabled plugins and list what they register; exit 4 when one is broken.

    \b
    Examples:
      sftsec plugins check
    """
    from sftsec_core.config.load import load_settings
    from sftsec_core.plugins import KINDS, Plugins

    plugins = Plugins(load_settings(app.config_file()).plugins)
    data = {
        kind.kind: {spec.name: spec.summary for spec in plugins.specs(kind).values()}
        for kind in KINDS
    }
    rows = [(kind, *pair) for kind, specs in data.items() for pair in specs.items()]
    emit(data, as_json=as_json, show=table("offered", ("kind", "name", "summary"), rows))
    plugins.require()
