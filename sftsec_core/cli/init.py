"""`sftsec init`: a commented configuration to start from."""

from __future__ import annotations

from pathlib import Path

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("init")
@click.option("--task", "template", default="phishing-mail", show_default=True, help="A template.")
@click.option(
    "--connector",
    "kind",
    default="files",
    show_default=True,
    help="Where incidents are: files, elastic, opensearch, splunk.",
)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
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
    from sftsec_core.api.contracts import ConnectorSpec, TaskPreset
    from sftsec_core.api.errors import ConfigError
    from sftsec_core.config.load import FILE_NAME
    from sftsec_core.config.settings import Settings
    from sftsec_core.config.template import render_config
    from sftsec_core.plugins import Plugins, get

    file = app.config or Path.cwd() / FILE_NAME
    if file.exists() and not force:
        raise ConfigError("exists already; --force overwrites it", file=file)
    usual = Settings().plugins
    plugins = Plugins(usual if kind in usual else (*usual, kind))
    chosen = get("task preset", template, plugins.specs(TaskPreset))
    offered = {name: spec for name, spec in plugins.specs(ConnectorSpec).items() if spec.example}
    connector = get("kind of connector", kind, offered)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(render_config(chosen, connector), encoding="utf-8")
    done = {"file": str(file), "task": chosen.name}
    emit(done, as_json=as_json, show=facts({**done, "next": "sftsec config check"}))
