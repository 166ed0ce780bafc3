"""What a field's value is as text, and how a step changes the strings inside one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.api.domain import Incident

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_JSON = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


def as_text(value: object) -> str:
    """Write a field's value as text: a string as it is, anything else as JSON, None as "".

    A dataset build and scoring both use this, so that a model reads the same text in both.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return orjson.dumps(value, default=str, option=_JSON).decode()


def map_incident(incident: Incident, change: Callable[[str], str]) -> Incident:
    """Apply `change` to every string of an incident's fields; itself when none changes."""
    fields = map_fields(incident.fields, change)
    return incident if fields is None else with_fields(incident, fields)


def with_fields(incident: Incident, fields: Mapping[str, Any]) -> Incident:
    """The incident with other fields; `dataclasses.replace` takes four times as long."""
    return Incident(incident.uid, fields, incident.verdicts, incident.at, incident.split)


def map_fields(fields: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any] | None:
    """Apply `change` to every string, in lists and objects too; None when none changes."""
    changed: dict[str, Any] | None = None
    for name, value in fields.items():
        new = change(value) if isinstance(value, str) else _map_inside(value, change)
        if new is not value and new != value:
            if changed is None:
                changed = dict(fields)
            changed[name] = new
    return changed


def _map_inside(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list | tuple):
        return [_map_inside(inner, change) for inner in value]
    if isinstance(value, dict):
        return {key: _map_inside(inner, change) for key, inner in value.items()}
    return value


def trim_incident(incident: Incident, fields: Sequence[str]) -> Incident:
    """Leave only the named fields, as text: what a snapshot keeps and a renderer is shown.

    Scoring does the same before it renders, so that a model reads the same in both.
    """
    there = incident.fields
    kept = {name: storable(as_text(there[name])) for name in fields if there.get(name) is not None}
    return with_fields(incident, kept)


def storable(value: str) -> str:
    """The text itself, with "?" for each lone surrogate, which UTF-8 cannot hold."""
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace").decode()
    return value
