"""`sftsec config check`: check the configuration, down to the keys of each plugin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("check", short_help="Check sftsec.yaml without touching anything.")
@json_option
@pass_app
def command(app: App, as_json: bool) -> None:
    """Check sftsec.yaml without touching anything.

    Every key is checked, those of plugins against the plugins. An input that a recipe does not read
    is a warning. `windows` says how far back each task pulls, `contexts` what the `context` of a
    task comes to. Secrets are not fetched: `sftsec connector check` does that.

    \b
    Examples:
      sftsec config check
      sftsec -c /etc/sftsec/sftsec.yaml config check --json
    """
    from sftsec_core.operations.check_config import check_config

    found = check_config(app.config_file()).to_json()
    for warning in found["warnings"]:
        app.say(f"warning: {warning}")
    shown = {name: ", ".join(v) if isinstance(v, list) else v for name, v in found.items()}
    shown["windows"] = "; ".join(
        f"{task}: {', '.join(f'{span} of {name}' for name, span in spans.items())}"
        for task, spans in found["windows"].items()
    )
    shown["contexts"] = "; ".join(
        f"{task}: {_one_line(values)}" for task, values in found["contexts"].items()
    )
    emit(found, as_json=as_json, show=facts(shown))
    app.next("sftsec connector check", as_json=as_json)


def _one_line(values: Mapping[str, Any]) -> str:
    """Values as they would stand in sftsec.yaml."""
    import yaml

    dumped = yaml.safe_dump(values, default_flow_style=True, width=10_000, sort_keys=False)
    return dumped.strip()
