"""Put a task or the store's URL into a sftsec.yaml that people have written: all else stays."""

from __future__ import annotations

import json
from textwrap import indent
from typing import TYPE_CHECKING, Any

import yaml

from sftsec_core.api.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_TASKS = "tasks"
_STATE, _URL = "state", "url"


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


def set_state_url(text: str, url: str, *, file: Path) -> str:
    """Let `state.url` name another store.

    Args:
        text: the configuration.
        url: the URL, or where it is (env:NAME).
        file: where the configuration stands, for the error.

    Returns:
        The configuration with the URL.

    Raises:
        ConfigError: when it cannot be written so that nothing else changes.
    """
    before = yaml.safe_load(text) or {}
    after = _with_url(text, yaml.compose(text), json.dumps(url, ensure_ascii=False))
    if _loaded(after) != {**before, _STATE: {**(before.get(_STATE) or {}), _URL: url}}:
        raise ConfigError(
            f"cannot be changed by itself: write {_URL}: {url}", file=file, path=_STATE
        )
    return after


def _with_url(text: str, root: yaml.Node | None, url: str) -> str:
    state = _pair(root, _STATE)
    if state is None:
        end = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{end}{_STATE}:\n  {_URL}: {url}\n"
    key, value = state
    found = _pair(value, _URL)
    if found is not None:
        start, stop = found[1].start_mark.index, found[1].end_mark.index
        space = "" if text[start - 1].isspace() else " "  # `url:` without a value
        return f"{text[:start]}{space}{url}{text[stop:]}"
    if not isinstance(value, yaml.MappingNode):  # `state:`
        at = key.end_mark.index + 1
        return f"{text[:at]} {{{_URL}: {url}}}{text[at:]}"
    if value.flow_style:
        at = value.start_mark.index + 1
        return f"{text[:at]}{_URL}: {url}{', ' if value.value else ''}{text[at:]}"
    at = value.start_mark.index
    return f"{text[:at]}{_URL}: {url}\n{' ' * value.start_mark.column}{text[at:]}"


def _pair(node: yaml.Node | None, name: str) -> tuple[Any, Any] | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next(((key, value) for key, value in pairs if key.value == name), None)


def _loaded(text: str) -> Any:  # noqa: ANN401 - YAML
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def _inserted(lines: list[str], root: yaml.Node | None, task: str) -> list[str]:
    found = _pair(root, _TASKS)
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
