"""`sftsec config schema`: what sftsec.yaml may say, as JSON Schema."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, pass_app
from sftsec_core.cli.terminal import echo, safe_json


@click.command("schema", short_help="Print the JSON Schema of sftsec.yaml, for editors.")
@click.option("--json", "as_json", is_flag=True, help="JSON is all there is; accepted for habit.")
@pass_app
def command(app: App, as_json: bool) -> None:
    """Print the JSON Schema of sftsec.yaml, for editors.

    With the keys of connectors, recipes, steps and all else that the plugins register which the
    configuration enables; without one, the built-in plugins.

    \b
    Examples:
      sftsec config schema > sftsec.schema.json
      (then, at the top of sftsec.yaml:  # yaml-language-server: $schema=sftsec.schema.json)
    """
    from sftsec_core.config.schema import config_schema

    echo(safe_json(config_schema(app.plugins()), indent=2))
