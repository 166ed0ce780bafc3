"""Write a commented configuration to start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.contracts import ConnectorSpec, TaskPreset
from sftsec_core.api.errors import ConfigError
from sftsec_core.config.settings import Settings
from sftsec_core.config.template import render_config
from sftsec_core.plugins import Plugins, get

if TYPE_CHECKING:
    from pathlib import Path


def init_config(file: Path, *, template: str, connector: str, force: bool = False) -> None:
    """Write sftsec.yaml from a task template and a connector's example.

    Args:
        file: where to.
        template: a task template's name.
        connector: a type of connector.
        force: overwrite a file that exists.

    Raises:
        ConfigError: when the file exists, or cannot be written.
        NotFoundError: when there is no such preset or type of connector.
    """
    if file.exists() and not force:
        raise ConfigError("exists already; --force overwrites it", file=file)
    usual = Settings().plugins
    plugins = Plugins(usual if connector in usual else (*usual, connector))
    task = get("task preset", template, plugins.specs(TaskPreset))
    offered = {name: spec for name, spec in plugins.specs(ConnectorSpec).items() if spec.example}
    spec = get("type of connector", connector, offered)
    write_config(file, render_config(task, spec))


def write_config(file: Path, text: str) -> None:
    """Write a configuration, with the folders that it lies in.

    Raises:
        ConfigError: when it cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror or error}", file=file) from error
