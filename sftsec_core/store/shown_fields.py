"""The fields of an event as the labelling page keeps them: text, and bounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LONGEST = 20_000
MOST_CHARACTERS = 60_000
MOST_FIELDS = 200


def bounded_fields(fields: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, int]]:
    """The fields as text that a person can read, and the lengths of those that are cut.

    An event may hold megabytes in a field: a queue of them would fill the disk and the browser.
    """
    shown, cut, left = dict[str, str](), dict[str, int](), MOST_CHARACTERS
    for name, value in list(fields.items())[:MOST_FIELDS]:
        text = _text(value)
        kept = text[: min(LONGEST, left)]
        shown[name], left = kept, left - len(kept)
        if len(kept) < len(text):
            cut[name] = len(text)
    return shown, cut


def _text(value: object) -> str:
    """A value as text, without halves of surrogate pairs, which JSON cannot hold."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_text, value))
    return str(value).encode("utf-8", "replace").decode()
