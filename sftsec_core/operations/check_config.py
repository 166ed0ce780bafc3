"""Check a configuration without touching anything that it names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sftsec_core.operations.preflight import check_against_plugins, check_requirements, read


@dataclass(frozen=True, slots=True)
class CheckedConfig:
    """A configuration that is right."""

    file: Path
    plugins: tuple[str, ...]
    connectors: tuple[str, ...]
    tasks: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "file": str(self.file),
            "plugins": list(self.plugins),
            "connectors": list(self.connectors),
            "tasks": list(self.tasks),
            "ok": True,
        }


def check_config(file: Path) -> CheckedConfig:
    """Check every key, those of plugins too. Secrets are not fetched.

    Raises:
        ConfigError: naming the file, the path in it and what is allowed.
        PluginError: when an enabled plugin cannot be loaded.
    """
    settings, plugins = read(file)
    check_against_plugins(settings, plugins, file)
    for task in settings.tasks.values():
        check_requirements(task, plugins)
    return CheckedConfig(
        file,
        tuple(settings.plugins),
        tuple(sorted(settings.connectors)),
        tuple(sorted(settings.tasks)),
    )
