"""Put a task into a sftsec.yaml that people have written: all else stays to the letter."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING, Any

import yaml

from sftsec_core.api.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_TASKS = "tasks"


def insert_task(text: str, name: str, task: str, *, file: Path) -> str:
    """Add a task behind those that are there.

    Args:
        text: the configuration.
        name: the task's name.
        task: the task's lines with its name, without indentation.
        file: where the configuration stands, for the error.

    Returns:
        The configuration with the task.

    Raises:
        ConfigError: when the task is there already, or cannot be added so that nothing else
            changes.
    """
    before = yaml.safe_load(text) or {}
    if name in (before.get(_TASKS) or {}):
        raise ConfigError(
            f"the task {name!r} is there already; --name gives another name", file=file
        )
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    after = "".join(_inserted(lines, yaml.compose(text), task))
    expected = {**before, _TASKS: {**(before.get(_TASKS) or {}), **yaml.safe_load(task)}}
    if _loaded(after) != expected:
        raise ConfigError(
            f"a task cannot be added to its `{_TASKS}` without rewriting them; write them as a "
            "block, a key a line",
            file=file,
        )
    return after


def _loaded(text: str) -> Any:  # noqa: ANN401 - YAML
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def _inserted(lines: list[str], root: yaml.Node | None, task: str) -> list[str]:
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    found = next(((key, value) for key, value in pairs if key.value == _TASKS), None)
    if found is None:
        return [*lines, f"\n{_TASKS}:\n", indent(task, "  ")]
    key, value = found
    if not value.value:  # `tasks:` or `tasks: {}`
        at = key.start_mark.line
        return [*lines[:at], f"{_TASKS}:\n", indent(task, "  "), *lines[at + 1 :]]
    at = min(value.end_mark.line, len(lines))
    if value.end_mark.column and value.flow_style:
        return lines
    # What stands after the last task at the margin, and blank lines before it, is not the task's.
    while at and (not lines[at - 1].strip() or lines[at - 1].startswith("#")):
        at -= 1
    column = value.value[0][0].start_mark.column
    return [*lines[:at], indent(task, " " * column), *lines[at:]]
