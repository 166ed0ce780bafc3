"""`sftsec doctor`: what is wrong with this installation, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.api.domain import Actor
    from sftsec_core.doctor.finding import Finding


@click.command("doctor", short_help="Check machine, installation, state and connectors.")
@click.option("--offline", is_flag=True, help="Ask no platform.")
@json_option
@pass_app
def command(app: App, offline: bool, as_json: bool) -> None:
    """Check machine, installation, configuration, state and connectors; say what to do.

    One line for each thing that was looked at: ok, a warning (works now, may not later) or a fault
    (a command will fail), with the remedy. Exit 0 without a fault, 12 with one. It works without a
    configuration and with a broken one. No secret is shown.

    \b
    Examples:
      sftsec doctor
      sftsec doctor --offline --json
    """
    from sftsec_core.api.errors import UnhealthyError
    from sftsec_core.doctor.finding import Level
    from sftsec_core.operations.diagnose import diagnose

    show = (lambda _finding: None) if as_json else _print
    found = diagnose(_actor(app), _config_file(app), offline=offline, on_finding=show)
    if as_json:
        emit(found.to_json(), as_json=True, show=lambda _out: None)
    if faults := found.of(Level.FAULT):
        raise UnhealthyError(f"{len(faults)} to mend: {', '.join(_names(faults))}; see above")


def _actor(app: App) -> Actor:
    """Who acts; where nothing can be read that says it, this machine's user."""
    from sftsec_core.api.errors import ConfigError, PluginError, StoreError
    from sftsec_core.operations.authorize import local_admin

    try:
        with app.context() as context:
            return context.actor
    except (ConfigError, PluginError, StoreError):
        return local_admin("cli")


def _config_file(app: App) -> Path | None:
    from sftsec_core.api.errors import ConfigError

    try:
        return app.config_file()
    except ConfigError:
        return None


def _print(finding: Finding) -> None:
    from sftsec_core.cli.terminal import echo

    remedy = f" -> {finding.remedy}" if finding.remedy else ""
    echo(f"{finding.level:<8} {finding.name:<14} {' '.join(finding.text.split())}{remedy}")


def _names(faults: tuple[Finding, ...]) -> list[str]:
    return list(dict.fromkeys(each.name for each in faults))
