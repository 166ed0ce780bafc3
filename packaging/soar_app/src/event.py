"""The fields of an event, as a playbook gives them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .portable import AppError, FieldValue

Fields = dict[str, FieldValue]
_MAX_DEPTH = 20


def read_fields(text: str) -> Fields:
    """The fields of an event from JSON: flat, and without empty values.

    Args:
        text: an object, nested or with dotted names; "" for none.

    Raises:
        AppError: when it is not an object.
    """
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
        flat = dict(_flat(found, "", _MAX_DEPTH)) if isinstance(found, dict) else None
    except (ValueError, RecursionError):
        flat = None
    if flat is None:
        raise AppError(
            f'fields must be a JSON object, {{"src": "10.0.0.1"}}, of {_MAX_DEPTH} levels at most'
        )
    return {name: value for name, value in flat.items() if value}


def _flat(found: Mapping[str, Any], prefix: str, left: int) -> Iterator[tuple[str, FieldValue]]:
    if left <= 0:
        raise RecursionError
    for name, value in found.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.", left - 1)
        elif isinstance(value, list):
            yield prefix + name, [_text(each) for each in value if each is not None]
        else:
            yield prefix + name, _text(value)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
