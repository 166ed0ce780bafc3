"""Kinds of value that configuration models are made of."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(s|m|h|d|w)\s*$")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_duration(value: object) -> object:
    """Read "90s", "10m", "12h", "30d", "2w" as a timedelta; leave anything else alone.

    Raises:
        ValueError: when the text is not of that form.
    """
    if not isinstance(value, str):
        return value
    found = _DURATION.match(value)
    if not found:
        raise ValueError(f"{value!r} is not a duration: write a number and s, m, h, d or w (10m)")
    return timedelta(seconds=float(found[1]) * _UNITS[found[2]])


def format_duration(value: timedelta) -> str:
    """Write a timedelta in the form that `parse_duration` reads."""
    seconds = value.total_seconds()
    for unit in ("w", "d", "h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{int(seconds // _UNITS[unit])}{unit}"
    return f"{seconds:g}s"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _DURATION.pattern, "examples": ["10m", "30d"]}),
]
Fraction = Annotated[float, Field(ge=0, le=1)]


class Strict(BaseModel):
    """A model that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)
