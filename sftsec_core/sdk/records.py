"""From a platform's record to what an incident holds: flat fields, times, verdicts.

What every connector does with a record of its platform, in one place.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.sdk.time_forms import TimeError
from sftsec_core.sdk.times import TimeReader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_USUAL = TimeReader()
_LONGEST_NAMES = 1 << 25  # characters that nesting adds to the names of a record's fields
_LONGEST = 1e15  # a larger float is not exact to one


class UnusableError(ValueError):
    """A record that parses and still cannot become an incident; the message goes to quarantine."""


def verdict_values(value: object, name: str) -> list[str]:
    """Read verdicts: one value, or a list of several.

    Args:
        value: the field's value.
        name: the field's name, for the reason.

    Returns:
        The words: `1` for 1.0 too. `nan`, how tables write that there is no value, is none.

    Raises:
        UnusableError: when one of them is an object or a list.
    """
    given = value if isinstance(value, list) else [value]
    return [_verdict_value(one, name) for one in given if not _is_nan(one)]


def _is_nan(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().casefold() == "nan"
    return isinstance(value, float | Decimal) and math.isnan(value)


def _verdict_value(value: object, name: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        whole = abs(float(value)) < _LONGEST and value == int(value)
        return str(int(value)) if whole else str(value)
    raise UnusableError(f"{name!r} holds a {type(value).__name__}, not a verdict")


def flatten(record: Mapping[str, Any], max_depth: int) -> dict[str, Any]:
    """Turn nested objects into dotted names; lists stay lists.

    Args:
        record: nested, flat, or some of both.
        max_depth: how deep objects and lists may nest.

    Raises:
        UnusableError: when they nest deeper, when the dotted names are much longer than the record,
            or when a field is there with two values, nested and under its dotted name, that are
            not equal (`are_equal`).
    """
    flat: dict[str, Any] = {}
    _flatten_into(flat, record, "", max_depth, _LONGEST_NAMES)
    return flat


def _flatten_into(
    flat: dict[str, Any], record: Mapping[str, Any], prefix: str, left: int, room: int
) -> int:
    """Add a record's fields; return what is left of the room for their names, in characters."""
    if left <= 0:
        raise UnusableError("nested deeper than max_depth")
    room -= len(prefix) * len(record)
    if room < 0:
        # One long name of an object stands before each of its fields: megabytes become terabytes.
        raise UnusableError("the dotted names of its fields are too long together")
    for key, value in record.items():
        name = prefix + key
        if isinstance(value, dict):
            room = _flatten_into(flat, value, f"{name}.", left - 1, room)
        else:
            if isinstance(value, list):
                _refuse_deep(value, left - 1)
            if name in flat:
                _set_again(flat, name, value)
            else:
                flat[name] = value
    return room


def _set_again(flat: dict[str, Any], name: str, value: object) -> None:
    """Set a field that is there; nothing tells which of two different values is the field's."""
    before = flat[name]
    if before is None:
        flat[name] = value
    elif value is not None and not are_equal(before, value):
        raise UnusableError(f"{name!r} is there twice, nested and under its dotted name")


def are_equal(one: object, other: object) -> bool:
    """Whether two values of a field are one, as tools that copy records write it.

    A list of one is its element, and a number is its text: 1, 1.0, "1" and ["1"] are equal.
    """
    one, other = single(one), single(other)
    if isinstance(one, list | dict) or isinstance(other, list | dict):
        return type(one) is type(other) and one == other
    return _spelt(one) == _spelt(other)


def _spelt(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    whole = isinstance(value, float | Decimal) and abs(float(value)) < _LONGEST
    return str(int(value)) if whole and value == int(value) else str(value)  # type: ignore[call-overload]


def _refuse_deep(value: list[Any], left: int) -> None:
    level: list[Any] = [value]
    while level := [
        inner
        for outer in level
        for inner in (outer.values() if isinstance(outer, dict) else outer)
        if isinstance(inner, list | dict)
    ]:
        left -= 1
        if left <= 0:
            raise UnusableError("nested deeper than max_depth")


def refuse_long_values(flat: Mapping[str, Any], limit: int) -> None:
    """Refuse a record in which one value is longer than `limit` bytes.

    Raises:
        UnusableError: naming the field.
    """
    for name, value in flat.items():
        size = len(value.encode()) if isinstance(value, str) else 0
        if isinstance(value, list):
            size = len(orjson.dumps(value, default=str))
        if size > limit:
            raise UnusableError(f"{name!r} has {size} bytes, more than max_field_bytes ({limit})")


def parse_time(value: object, name: str, reader: TimeReader = _USUAL) -> datetime | None:
    """Read a time: ISO 8601, a number since 1970, what consoles write, or a datetime.

    Args:
        value: as the platform gave it; a list of one is its element.
        name: the field's name, for the reason.
        reader: which forms are read, and the zone of a time that has none (UTC).

    Returns:
        The time with its zone; None where the field is empty.

    Raises:
        UnusableError: when it is not a time, or lies outside 1990 to tomorrow.
    """
    try:
        return reader.read(value)
    except TimeError as error:
        raise UnusableError(f"{name!r} {error}") from error


def single(value: object) -> object:
    """Return the element of a list of one, in which some exports write every value."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
