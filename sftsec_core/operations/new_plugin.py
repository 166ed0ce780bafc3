"""Write the skeleton of a plugin, with tests that pass."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from sftsec_core.api.errors import ConfigError
from sftsec_core.operations.plugin_skeleton import FILES

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def new_plugin(name: str, parent: Path) -> list[Path]:
    """Write a new plugin into `parent/name`.

    Args:
        name: lower-case words joined by dashes; what `plugins:` will enable.
        parent: the folder that gets the plugin's folder.

    Returns:
        The files, in the order in which a reader should open them.

    Raises:
        ConfigError: when the name is not of that form, or the folder exists and is not empty.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is no name for a plugin: write lower-case words, my-plugin")
    folder = parent / name
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is there already and not empty: choose another name")
    module = name.replace("-", "_")
    words = {"name": name, "module": module, "title": name.title().replace("-", "")}
    written = []
    for place, body in FILES.items():
        file = folder / Template(place).substitute(words)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(Template(body).substitute(words), encoding="utf-8")
        written.append(file)
    return written
