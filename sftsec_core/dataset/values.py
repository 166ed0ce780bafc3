"""A field's value as text, number, category or sequence, and how a step changes its strings."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sftsec_core.api.domain import Blob, Incident, InputKind, Verdict
from sftsec_core.sdk.fields import as_text, select_fields


def as_number(value: object) -> float | None:
    """Read a field's value as a finite number; None for anything that is none.

    A numeric string counts, and so does a list of one value, as search engines return it.
    """
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_category(value: object) -> str | None:
    """Read a field's value as a category's name; None when it is missing or empty."""
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    return as_text(value) or None


def as_sequence(value: object) -> tuple[str, ...] | None:
    """Read a field's value as a sequence of texts; None when it is missing or empty."""
    if isinstance(value, list | tuple):
        return tuple(as_text(item) for item in value) or None
    return (text,) if (text := as_text(value)) else None


def as_image(value: object) -> Blob | None:
    """Read a field's value as an image: bytes, or the path of a file; None for anything else.

    A string is not a path here: what an event says must not choose a file of this machine.
    """
    if isinstance(value, Blob):
        return value
    if isinstance(value, bytes | Path):
        try:
            return Blob.of(value)
        except OSError:
            return None
    return None


def map_incident(incident: Incident, change: Callable[[str], str]) -> Incident:
    """Apply `change` to every string of an incident's fields; itself when none changes."""
    fields = map_fields(incident.fields, change)
    return incident if fields is None else with_fields(incident, fields)


def with_fields(incident: Incident, fields: Mapping[str, Any]) -> Incident:
    """The incident with other fields; `dataclasses.replace` takes four times as long."""
    return Incident(incident.uid, fields, incident.verdicts, incident.at, incident.split)


def with_verdicts(incident: Incident, verdicts: tuple[Verdict, ...]) -> Incident:
    """The incident with other verdicts; see `with_fields`."""
    return Incident(incident.uid, incident.fields, verdicts, incident.at, incident.split)


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
        return _map_object(value, change)
    return value


def _map_object(value: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Change keys too: they are part of an object's text. Two that become one keep a number."""
    out: dict[str, Any] = {}
    for key, inner in value.items():
        new = base = change(key) if isinstance(key, str) else key
        number = 2
        while new in out:
            new, number = f"{base} ({number})", number + 1
        out[new] = _map_inside(inner, change)
    return out


def gather_fields(incident: Incident, names: Sequence[str]) -> Incident:
    """Add the named values that no single field holds: an object, a path into a list."""
    fields = incident.fields
    missing = [name for name in names if name not in fields]
    found = select_fields(fields, missing) if missing else None
    return with_fields(incident, {**fields, **found}) if found else incident


def trim_incident(incident: Incident, kinds: Mapping[str, InputKind]) -> Incident:
    """Leave only the named fields, by their kinds: what a snapshot keeps and a renderer is shown.

    Scoring does the same before it renders, so that a model reads the same in both.
    """
    there = incident.fields
    read = {name: _READ[kind](there[name]) for name, kind in kinds.items() if name in there}
    return with_fields(incident, {name: value for name, value in read.items() if value is not None})


def plain_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as JSON values: an image is named by its digest."""
    return {k: v.sha256 if isinstance(v, Blob) else v for k, v in fields.items()}


def storable(value: str) -> str:
    """The text itself, with "?" for each lone surrogate, which UTF-8 cannot hold."""
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace").decode()
    return value


def _stored_text(value: object) -> str | None:
    return None if value is None else storable(as_text(value))


def _stored_category(value: object) -> str | None:
    name = as_category(value)
    return None if name is None else storable(name)


def _stored_sequence(value: object) -> tuple[str, ...] | None:
    items = as_sequence(value)
    return None if items is None else tuple(map(storable, items))


_READ: Mapping[InputKind, Callable[[object], Any]] = {
    InputKind.TEXT: _stored_text,
    InputKind.NUMBER: as_number,
    InputKind.CATEGORY: _stored_category,
    InputKind.IMAGE: as_image,
    InputKind.SEQUENCE: _stored_sequence,
}
