"""Check a configuration without touching anything that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sftsec_core.api.errors import ConfigError
from sftsec_core.operations.canaries import check_canaries
from sftsec_core.operations.preflight import (
    check_against_plugins,
    check_encoders,
    check_labelling,
    check_requirements,
    read,
    unread_inputs,
)
from sftsec_core.operations.pulling import describe_spans
from sftsec_core.operations.run_kinds import problem_of


@dataclass(frozen=True, slots=True)
class CheckedConfig:
    """A configuration that is right.

    Attributes:
        warnings: inputs of a task that a recipe of it does not read, a line each.
        windows: how far back each task pulls from each of its connectors, "90d" or "all".
        contexts: what the `context` of a task comes to, a preset's too; of tasks that have one.
    """

    file: Path
    plugins: tuple[str, ...]
    connectors: tuple[str, ...]
    tasks: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    windows: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    contexts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "file": str(self.file),
            "plugins": list(self.plugins),
            "connectors": list(self.connectors),
            "tasks": list(self.tasks),
            "windows": {task: dict(spans) for task, spans in self.windows.items()},
            "contexts": dict(self.contexts),
            "warnings": list(self.warnings),
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
    for name, task in settings.tasks.items():
        check_requirements(task, plugins)
        check_labelling(task, file, name)
        check_encoders(task, plugins, file, name)
        check_canaries(task, plugins, file, name)
    for name, schedule in (settings.schedules or {}).items():
        problem = problem_of(settings.tasks, schedule)
        if problem:
            raise ConfigError(problem, file=file, path=f"schedules.{name}")
    return CheckedConfig(
        file,
        tuple(settings.plugins),
        tuple(sorted(settings.connectors)),
        tuple(sorted(settings.tasks)),
        tuple(unread_inputs(settings, plugins)),
        {
            name: describe_spans(settings, plugins, task)
            for name, task in sorted(settings.tasks.items())
        },
        {
            name: task.context.model_dump(mode="json", exclude_none=True)
            for name, task in sorted(settings.tasks.items())
            if task.context
        },
    )
