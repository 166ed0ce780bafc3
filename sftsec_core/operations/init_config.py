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


PRESET = "phishing-mail"  # where neither the caller nor the connector names one


def init_config(
    file: Path, *, template: str | None, connector: str, force: bool = False
) -> TaskPreset:
    """Write sftsec.yaml from a task template and a connector's example.

    Args:
        file: where to.
        template: a task template's name; None: the connector's own, or `PRESET`.
        connector: a type of connector.
        force: overwrite a file that exists.

    Returns:
        The task template.

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
    task = get("task preset", template or spec.preset or PRESET, plugins.specs(TaskPreset))
    write_config(file, render_config(task, spec))
    return task


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
