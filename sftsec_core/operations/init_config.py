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


_PRESET = "phishing-mail"


def init_config(
    file: Path, *, template: str | None = None, connector: str, force: bool = False
) -> str:
    """Write sftsec.yaml from a task template and a connector's example.

    Args:
        file: where to.
        template: a task template's name; None for the connector's own.
        connector: a type of connector.
        force: overwrite a file that exists.

    Returns:
        The task's name.

    Raises:
        ConfigError: when the file exists, or cannot be written.
        NotFoundError: when there is no such preset or type of connector.
    """
    if file.exists() and not force:
        raise ConfigError("exists already; --force overwrites it", file=file)
    usual = Settings().plugins
    plugins = Plugins(usual if connector in usual else (*usual, connector))
    offered = {name: spec for name, spec in plugins.specs(ConnectorSpec).items() if spec.example}
    spec = get("type of connector", connector, offered)
    name = template or spec.preset or _PRESET
    task = get("task preset", name, plugins.specs(TaskPreset))
    write_config(file, render_config(task, spec))
    return task.name


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
