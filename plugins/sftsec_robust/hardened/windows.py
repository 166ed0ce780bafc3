"""Overlapping windows of a text, cut between words, parameters and commands."""

from __future__ import annotations

import re
from collections.abc import Sequence

_UNIT = re.compile(r"[^\s&;|?#@]{0,400}[\s&;|?#@]*")


def cut_windows(text: str, sizes: Sequence[int]) -> list[str]:
    """Windows of about `sizes` characters that overlap by half; a short text is its own.

    Each attack that is at most half as long as a window stands whole in one, whatever stands
    before or behind it.

    Args:
        text: any.
        sizes: characters of a window, ascending; several give windows of each.

    Returns:
        Different windows in their order, at least one.
    """
    if len(text) <= sizes[0]:
        return [text]
    units = _units(text, sizes[0])
    found = [window for size in sizes for window in _of_size(units, size)]
    return list(dict.fromkeys(found))


def _units(text: str, longest: int) -> list[str]:
    units = (match[0] for match in _UNIT.finditer(text) if match[0])
    return [unit[at : at + longest] for unit in units for at in range(0, len(unit), longest)]


def _of_size(units: Sequence[str], size: int) -> list[str]:
    found, start = [], 0
    while True:
        end, length = start, 0
        while end < len(units) and (length + len(units[end]) <= size or end == start):
            length += len(units[end])
            end += 1
        found.append("".join(units[start:end]))
        if end >= len(units):
            return found
        passed, start = len(units[start]), start + 1
        while start < end and passed < length / 2:
            passed += len(units[start])
            start += 1
