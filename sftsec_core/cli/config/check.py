"""`sftsec config check`: is the configuration right, down to every plugin's own keys."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("check")
@json_option
@pass_app
def command(app: App, as_json: bool) -> None:
    """Check sftsec.yaml without touching anything.

    Every key is checked, those of connectors and steps against their plugins. Secrets are not
    fetched: `sftsec connector check` does that.

    \b
    Examples:
      sftsec config check
      sftsec -c /etc/sftsec/sftsec.yaml config check --json
    """
    from sftsec_core.operations.preflight import (
        check_against_plugins,
        check_requirements,
        read,
    )

    file = app.config_file()
    settings, plugins = read(file)
    check_against_plugins(settings, plugins, file)
    for task in settings.tasks.values():
        check_requirements(task, plugins)
    found = {
        "file": str(file),
        "plugins": list(settings.plugins),
        "connectors": sorted(settings.connectors),
        "tasks": sorted(settings.tasks),
        "ok": True,
    }
    shown = {name: ", ".join(v) if isinstance(v, list) else v for name, v in found.items()}
    emit(found, as_json=as_json, show=facts(shown))
