"""Commands of plugins: only those that the configuration enables besides the built-in ones."""

from __future__ import annotations

import logging

import click

from sftsec_core.cli.complete import read_config

log = logging.getLogger(__name__)
# None of these adds a command, so `sftsec --help` need not pay for loading them.
BUILT_IN = frozenset({"core", "elastic", "files", "opensearch", "pii", "splunk"})


def add_plugin_commands(root: click.Group, ctx: click.Context | None) -> None:
    """Let the enabled plugins add commands to the root group.

    A configuration that is missing or wrong is left to the command that needs it, so that
    `--help` and `config check` still answer. The file is read here as it is: its whole check takes
    three times as long as the rest of `--help`.

    Raises:
        PluginError: when a plugin takes a name that exists.
    """
    file, said = read_config(ctx or click.Context(root))
    named = said.get("plugins")
    if not isinstance(named, list) or {str(each) for each in named} <= BUILT_IN:
        return
    from sftsec_core.api.errors import ConfigError
    from sftsec_core.config.load import load_settings
    from sftsec_core.plugins import Plugins

    try:
        enabled = load_settings(file).plugins
    except ConfigError as error:
        log.debug("no commands of plugins: %s", error)
        return
    Plugins(enabled).register_commands(root)
