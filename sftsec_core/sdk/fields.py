"""Values by dotted name from a flat record, where a name may stand for an object or a path.

A record's objects are flattened to dotted names and its lists stay lists, so a task may name what
no single field holds:

    requestParameters   an object: {"userData": ...} again, of all fields below the name
    alerts.title        a path into a list of objects: the titles, one a line
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_JSON = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


def as_text(value: object) -> str:
    """Write a field's value as text: a string as it is, anything else as JSON, None as ""."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return orjson.dumps(value, default=str, option=_JSON).decode()
    except TypeError:
        # An integer beyond 64 bits, or half of a surrogate pair: `json` writes both.
        compact = (",", ":")
        return json.dumps(
            value, default=str, ensure_ascii=False, separators=compact, sort_keys=True
        )


def select_fields(
    flat: Mapping[str, Any],
    names: Iterable[str],
    is_private: Callable[[str], bool] = lambda _name: False,
) -> dict[str, Any]:
    """Take the named values that are there.

    Args:
        flat: dotted names to JSON values.
        names: dotted names of fields, of objects, or paths into lists of objects.
        is_private: tells of a name below an object that it is left out, as a verdict must be.
    """
    found = {name: find_value(flat, name, is_private) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def find_value(
    flat: Mapping[str, Any], name: str, is_private: Callable[[str], bool] = lambda _name: False
) -> Any:  # noqa: ANN401 - JSON
    """Find the value of one name; None when there is none.

    Returns:
        The field's own value; else an object of the fields below the name; else, for a path into
        a list of objects, the one value there, or several as text, one a line.
    """
    value = flat.get(name)
    if value is not None:
        return value
    prefix = f"{name}."
    below = {
        key.removeprefix(prefix): inner
        for key, inner in flat.items()
        if key.startswith(prefix) and inner is not None and not is_private(key)
    }
    return _nested(below) if below else _by_path(flat, name)


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Undo the flattening; a name that is a value and an object too keeps its dots."""
    out: dict[str, Any] = {}
    for key in sorted(flat):
        *outer, last = key.split(".")
        place = out
        for part in outer:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):
                place, last = out, key
                break
            place = inner
        place[last] = flat[key]
    return out


def _by_path(flat: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON
    dot = name.find(".")
    while dot > 0:
        outer = flat.get(name[:dot])
        if isinstance(outer, list):
            values = list(_values(outer, name[dot + 1 :]))
            if len(values) > 1:
                return "\n".join(map(as_text, values))
            return values[0] if values else None
        dot = name.find(".", dot + 1)
    return None


def _values(value: Any, path: str) -> Iterable[Any]:  # noqa: ANN401 - JSON
    """Everything at a path below lists and objects, in order."""
    if isinstance(value, list):
        for item in value:
            yield from _values(item, path)
    elif isinstance(value, dict) and path:
        # A key may hold dots itself: the longest one that is there is followed.
        ends = [len(path), *(dot for dot, letter in enumerate(path) if letter == ".")]
        key = next((path[:end] for end in sorted(ends, reverse=True) if path[:end] in value), None)
        if key is not None:
            yield from _values(value[key], path[len(key) + 1 :])
    elif value is not None and not path:
        yield value
