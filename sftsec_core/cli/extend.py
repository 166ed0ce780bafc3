"""Commands of plugins: only those that the configuration enables besides the built-in ones."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import click

from sftsec_core.api.errors import ConfigError
from sftsec_core.cli.options import CONFIG_VARIABLE, App
from sftsec_core.config.load import find_config, load_settings

log = logging.getLogger(__name__)
# None of these adds a command, so `sftsec --help` need not pay for loading them.
BUILT_IN = frozenset({"core", "elastic", "files", "opensearch", "pii"})


def add_plugin_commands(root: click.Group, ctx: click.Context | None) -> None:
    """Let the enabled plugins add commands to the root group.

    A configuration that is missing or wrong is left to the command that needs it, so that
    `--help` and `config check` still answer.

    Raises:
        PluginError: when a plugin takes a name that exists.
    """
    app = ctx.find_object(App) if ctx else None
    chosen = (ctx.find_root().params.get("config") if ctx else None) or (app and app.config)
    named = os.environ.get(CONFIG_VARIABLE)  # --help is answered before click reads variables
    try:
        file = chosen or (Path(named) if named else find_config(Path.cwd()))
        enabled = load_settings(file).plugins
    except ConfigError as error:
        log.debug("no commands of plugins: %s", error)
        return
    if set(enabled) <= BUILT_IN:
        return
    from sftsec_core.plugins import Plugins

    Plugins(enabled).register_commands(root)
