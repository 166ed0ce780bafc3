"""Kinds of value that configuration models are made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)\s*$")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_duration(value: object) -> object:
    """Read "5ms", "90s", "10m", "12h", "30d", "2w" as a timedelta; leave anything else alone.

    Raises:
        ValueError: when the text is not of that form.
    """
    if not isinstance(value, str):
        return value
    found = _DURATION.match(value)
    if not found:
        raise ValueError(
            f"{value!r} is not a duration: write a number and ms, s, m, h, d or w (10m)"
        )
    try:
        return timedelta(seconds=float(found[1]) * _UNITS[found[2]])
    except OverflowError:
        raise ValueError(f"{value!r} is longer than a duration can be") from None


def format_duration(value: timedelta) -> str:
    """Write a timedelta in the form that `parse_duration` reads."""
    seconds = value.total_seconds()
    for unit in ("w", "d", "h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{int(seconds // _UNITS[unit])}{unit}"
    return f"{1000 * seconds:g}ms" if 0 < seconds < 1 else f"{seconds:g}s"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _DURATION.pattern, "examples": ["10m", "30d"]}),
]
ALL_TIME = "all"
_LONGEST = timedelta(days=36525)  # a bound before the calendar's first year is no time


def parse_window(value: object) -> object:
    """Read how far back to pull: a duration, or "all".

    Raises:
        ValueError: when it is neither, or no incident or every one lies within it.
    """
    if value is None or value == ALL_TIME:
        return value
    found = parse_duration(value) if isinstance(value, str) else value
    if isinstance(found, timedelta):
        if timedelta(0) < found <= _LONGEST:
            return found
        raise ValueError(f"{value!r} is no span up to 100 years: write {ALL_TIME} for no bound")
    raise ValueError(f"{value!r} is not a duration: write its unit (90d), or {ALL_TIME}")


Window = Annotated[
    timedelta | Literal["all"],
    BeforeValidator(parse_window),
    PlainSerializer(lambda value: value if isinstance(value, str) else format_duration(value)),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "pattern": _DURATION.pattern}, {"const": ALL_TIME}],
            "examples": ["90d", ALL_TIME],
        }
    ),
]
Fraction = Annotated[float, Field(ge=0, le=1)]


def texts_by_text(value: object) -> object:
    """Read the numbers of a mapping, names and values, as the texts that a platform has for them.

    YAML reads `7: phishing` as a number. Anything but a mapping is left alone.

    Raises:
        ValueError: when a name is no text and no number (YAML reads yes, no, on and off as true
            and false, so what was written is not known), or two names are the same text.
    """
    if not isinstance(value, Mapping):
        return value
    made: dict[object, object] = {}
    for name, said in value.items():
        if name is None or isinstance(name, bool):
            raise ValueError(
                f"a name is read as {name!r}: put it in quotes; YAML reads yes, no, on, off, true, "
                "false and null as no texts"
            )
        if _number_as_text(name) in made:
            raise ValueError(f"the name {_number_as_text(name)!r} is there twice")
        made[_number_as_text(name)] = _number_as_text(said)
    return made


def _number_as_text(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    whole = isinstance(value, int) or value.is_integer()
    return str(int(value)) if whole else str(value)


# What a platform writes, to what it means here.
TextMap = Annotated[dict[str, str], BeforeValidator(texts_by_text)]


class Strict(BaseModel):
    """A model that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)
