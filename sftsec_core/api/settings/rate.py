"""How often something may happen: "100/s", "6000/m"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, InstanceOf, PlainSerializer, WithJsonSchema

_FORM = re.compile(r"^\s*([1-9]\d{0,8})\s*/\s*(s|m|h)\s*$")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_UNITS = {seconds: unit for unit, seconds in _SECONDS.items()}


@dataclass(frozen=True, slots=True)
class Rate:
    """So much in each period, all at once where it comes so.

    Attributes:
        amount: in a period.
        seconds: of the period: 1, 60 or 3600.
    """

    amount: int
    seconds: int

    def __str__(self) -> str:
        return f"{self.amount}/{_UNITS[self.seconds]}"


def parse_rate(value: object) -> object:
    """Read "100/s", "6000/m" or "50000/h"; leave anything but a text alone.

    Raises:
        ValueError: when the text is not of that form.
    """
    if not isinstance(value, str):
        return value
    found = _FORM.match(value)
    if not found:
        raise ValueError(f"{value!r} is not a rate: write a number from 1 and /s, /m or /h (100/s)")
    return Rate(int(found[1]), _SECONDS[found[2]])


RateSetting = Annotated[
    InstanceOf[Rate],
    BeforeValidator(parse_rate),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _FORM.pattern, "examples": ["100/s", "6000/m"]}),
]
