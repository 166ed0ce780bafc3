r"""Reads JSON in which numbers, nesting and characters may be an attacker's choice.

What the usual readers do with it loses a value, or all that stands beside it: orjson rounds an
integer of more than 64 bits to a float, `json` refuses one of more than 4,300 digits and ends at
about a thousand levels, and half of a surrogate pair (`\ud800`) has no octets to be stored as.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson

_LONGEST_INT = 18  # digits that 64 bits hold, whatever they are
_LONG_INT = re.compile(rb"[0-9]{19}")
_BITS_64 = range(-(2**63), 2**64)
_LONGEST_TEXT = 20  # characters of an integer of 64 bits
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
# A string without an end goes on to the end of the text: else each quote in it would be tried.
_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{]+|[\]}]+', re.DOTALL)


def read_json(raw: bytes) -> Any:  # noqa: ANN401 - JSON
    """Read JSON; an integer that 64 bits cannot hold is the text of its digits.

    Raises:
        orjson.JSONDecodeError: when it is not JSON, or not UTF-8.
    """
    value = orjson.loads(raw)
    if _LONG_INT.search(raw) is None:
        return value
    try:
        return json.loads(raw, parse_int=_exact_int)
    except RecursionError:
        return value  # deeper than any reader of records takes it


def read_any_json(raw: bytes, max_depth: int) -> Any:  # noqa: ANN401 - JSON
    """Read JSON as `read_json`, and values that it refuses, so that they spoil no other.

    A number that no float holds is its text, a byte that is not UTF-8 and half of a surrogate pair
    are replaced, and NaN is taken. Where the interpreter cannot follow the nesting, what lies
    deeper than `max_depth` levels is 0: refuse a value that reaches that depth.

    Raises:
        ValueError: when it is not JSON.
    """
    try:
        return read_json(raw)
    except orjson.JSONDecodeError:
        pass
    text = raw.decode("utf-8", "replace")
    try:
        return _read_text(text)
    except RecursionError:
        return _read_text(_cut_below(text, max_depth))


def _read_text(text: str) -> Any:  # noqa: ANN401 - JSON
    value = json.loads(text, parse_int=_exact_int, parse_float=_exact_float)
    if _SURROGATE.search(text) is None:
        return value
    # Keys and values alike; they are written once more, since only octets show which are halves.
    octets = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    return json.loads(octets)


def _exact_int(digits: str) -> int | str:
    if len(digits) <= _LONGEST_INT:
        return int(digits)
    if len(digits) > _LONGEST_TEXT:
        return digits
    number = int(digits)
    return number if number in _BITS_64 else digits


def _exact_float(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else digits


def _cut_below(text: str, max_depth: int) -> str:
    """Put 0 in the place of each object and list below `max_depth` levels."""
    pieces: list[str] = []
    level = behind = 0
    for match in _STRUCTURE.finditer(text):
        count = match.end() - match.start()
        if text[match.start()] in "[{":
            if level <= max_depth < level + count:
                pieces += (text[behind : match.start() + max_depth - level], "0")
            level += count
        elif text[match.start()] in "]}":
            if level > max_depth >= level - count:
                behind = match.start() + level - max_depth
            level -= count
    return "".join((*pieces, text[behind:])) if level <= max_depth else "".join(pieces)
