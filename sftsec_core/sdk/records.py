"""From a platform's record to what an incident holds: flat fields, times, verdicts.

What every connector does with a record of its platform, in one place.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

_MILLISECONDS_FROM = 1e11  # as seconds this is the year 5138


class UnusableError(ValueError):
    """A record that parses and still cannot become an incident; the message goes to quarantine."""


def verdict_values(value: object, name: str) -> list[str]:
    """Read verdicts: one value, or a list of several.

    Args:
        value: the field's value.
        name: the field's name, for the reason.

    Raises:
        UnusableError: when one of them is an object or a list.
    """
    return [_verdict_value(one, name) for one in (value if isinstance(value, list) else [value])]


def _verdict_value(value: object, name: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise UnusableError(f"{name!r} holds a {type(value).__name__}, not a verdict")


def flatten(record: Mapping[str, Any], max_depth: int) -> dict[str, Any]:
    """Turn nested objects into dotted names; lists stay lists.

    Args:
        record: nested, flat, or some of both.
        max_depth: how deep objects and lists may nest.

    Raises:
        UnusableError: when they nest deeper.
    """
    flat: dict[str, Any] = {}
    _flatten_into(flat, record, "", max_depth)
    return flat


def _flatten_into(flat: dict[str, Any], record: Mapping[str, Any], prefix: str, left: int) -> None:
    if left <= 0:
        raise UnusableError("nested deeper than max_depth")
    for key, value in record.items():
        name = prefix + key
        if isinstance(value, dict):
            _flatten_into(flat, value, f"{name}.", left - 1)
        else:
            if isinstance(value, list):
                _refuse_deep(value, left - 1)
            flat[name] = value


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


def parse_time(value: object, name: str) -> datetime | None:
    """Read a time: ISO 8601, seconds or milliseconds since 1970, or a datetime.

    A time without a zone is taken as UTC, as Elastic does.

    Raises:
        UnusableError: when it is none of these.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float | datetime):
        raise UnusableError(f"{name!r} is a {type(value).__name__}, not a time")
    try:
        parsed = _time_of(value)
    except (ValueError, OverflowError, OSError) as error:
        raise UnusableError(f"{name!r} is not an ISO 8601 time nor seconds since 1970") from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _time_of(value: str | float | datetime) -> datetime:
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value
    seconds = value / 1000 if abs(value) > _MILLISECONDS_FROM else value
    return datetime.fromtimestamp(seconds, UTC)
