"""`sftsec plugins check`: do the enabled plugins load, and what do they offer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("check")
@json_option
@pass_app
def command(app: App, as_json: bool) -> None:
    """Load the enabled plugins and list what they register; exit 4 when one is broken.

    \b
    Examples:
      sftsec plugins check
    """
    from sftsec_core.api.errors import PluginError
    from sftsec_core.operations.context import read

    _, plugins = read(app.config_file())
    offered: dict[str, Mapping[str, Any]] = {
        "connectors": plugins.connectors(),
        "steps": plugins.steps(),
        "recipes": plugins.recipes(),
        "metrics": plugins.metrics(),
        "tasks": plugins.tasks(),
        "attacks": plugins.attacks(),
        "explainers": plugins.explainers(),
        "launchers": plugins.launchers(),
    }
    data = {kind: {s.name: s.summary for s in specs.values()} for kind, specs in offered.items()}
    rows = [(kind, *pair) for kind, specs in data.items() for pair in specs.items()]
    emit(data, as_json=as_json, show=table("offered", ("kind", "name", "summary"), rows))
    broken = [f"{s.name}: {s.error}" for s in plugins.statuses if s.error]
    if broken:
        raise PluginError("; ".join(broken))
