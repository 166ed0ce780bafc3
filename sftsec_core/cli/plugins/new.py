"""`sftsec plugins new`: the skeleton of a plugin."""

from __future__ import annotations

from pathlib import Path

import click

from sftsec_core.cli.options import emit, facts, json_option


@click.command("new", short_help="Write the skeleton of a plugin, with tests.")
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where its folder goes; default: here.",
)
@json_option
def command(name: str, folder: Path, as_json: bool) -> None:
    """Write the skeleton of a plugin: a step and a voter with settings, and tests that pass.

    \b
    Examples:
      sftsec plugins new my-plugin
      cd my-plugin && pip install -e . && pytest
    """
    from sftsec_core.operations.new_plugin import new_plugin

    files = new_plugin(name, folder)
    done = {"plugin": name, "files": [str(file) for file in files]}
    shown = {**done, "files": ", ".join(map(str, files)), "next": f"cd {folder / name} && pytest"}
    emit(done, as_json=as_json, show=facts(shown))
