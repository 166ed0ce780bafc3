"""`sftsec init`: a commented configuration to start from."""

from __future__ import annotations

from pathlib import Path

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("init", short_help="Write a commented sftsec.yaml to start from.")
@click.option("--task", "template", default="phishing-mail", show_default=True, help="A template.")
@click.option(
    "--connector",
    "kind",
    default="files",
    show_default=True,
    help="Where incidents are: files, elastic, opensearch, splunk.",
)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@json_option
@pass_app
def command(app: App, template: str, kind: str, force: bool, as_json: bool) -> None:
    """Write a commented sftsec.yaml here; `sftsec plugins check` lists the templates.

    \b
    Examples:
      sftsec init
      sftsec init --task url
      sftsec init --task command-line --connector elastic
      sftsec -c /etc/sftsec/sftsec.yaml init
    """
    from sftsec_core.config.load import FILE_NAME
    from sftsec_core.operations.init_config import init_config

    file = app.config or Path.cwd() / FILE_NAME
    init_config(file, template=template, connector=kind, force=force)
    done = {"file": str(file), "task": template}
    emit(done, as_json=as_json, show=facts({**done, "next": "sftsec config check"}))
