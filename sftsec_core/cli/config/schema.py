"""`sftsec config schema`: what sftsec.yaml may say, as JSON Schema."""

from __future__ import annotations

import json

import click


@click.command("schema", short_help="Print the JSON Schema of sftsec.yaml, for editors.")
@click.option("--json", "as_json", is_flag=True, help="JSON is all there is; accepted for habit.")
def command(as_json: bool) -> None:
    """Print the JSON Schema of sftsec.yaml, for editors.

    \b
    Examples:
      sftsec config schema > sftsec.schema.json
      (then, at the top of sftsec.yaml:  # yaml-language-server: $schema=sftsec.schema.json)
    """
    from sftsec_core.config.settings import Settings

    click.echo(json.dumps(Settings.model_json_schema(), indent=2))
