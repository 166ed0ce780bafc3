"""`sftsec plugins list`: every installed plugin, its status and what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from rich.console import Console

    from sftsec_core.operations.list_plugins import ListedPlugin

_COLUMNS = ("name", "distribution", "version", "enabled", "needs", "error")


@click.command("list", short_help="List every installed plugin, its state and what it needs.")
@json_option
@pass_app
def command(app: App, as_json: bool) -> None:
    """List every installed plugin, whether it is enabled, what it needs, and why one failed.

    What a plugin needs is installed with the command below the table, and only used when a task
    names what needs it. A plugin of another distribution is not imported before it is enabled:
    until then its needs are not known.

    \b
    Examples:
      sftsec plugins list
      sftsec plugins list --json
    """
    from sftsec_core.operations.list_plugins import list_plugins

    found = list_plugins(app.enabled_plugins())
    emit([each.to_json() for each in found], as_json=as_json, show=lambda out: _show(out, found))


def _show(out: Console, found: list[ListedPlugin]) -> None:
    rows = [
        (
            each.status.name,
            each.status.distribution,
            each.status.version,
            "yes" if each.status.enabled else "no",
            _needs(each),
            each.status.error or "-",
        )
        for each in found
    ]
    table("plugins", _COLUMNS, rows)(out)
    for hint, names in _hints(found).items():
        out.print(f"{hint}  # for {', '.join(names)}", soft_wrap=True)


def _needs(plugin: ListedPlugin) -> str:
    if plugin.needs is None:
        return "not known"
    words = (f"{each.module}{'' if each.installed else ' (missing)'}" for each in plugin.needs)
    return ", ".join(words) or "-"


def _hints(found: list[ListedPlugin]) -> dict[str, list[str]]:
    """The command that installs what is missing to the plugins that need it."""
    hints: dict[str, list[str]] = {}
    for plugin in found:
        for need in plugin.missing:
            names = hints.setdefault(need.install, [])
            if plugin.status.name not in names:
                names.append(plugin.status.name)
    return hints
