"""Recall of the step "redact" on the plugin's own lists of made-up values.

A line of `lists/KIND.txt` is a text in which ⟦ and ⟧ stand around what must go. ¦ is left out when
it is read, so that no scanner takes a made-up key for a live one, and ⏎ is a line break. What
follows `fields ` is JSON: an incident's fields. Lines with an even number were left unseen while
the patterns were written: they are the held-out half.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from typing import Any, NamedTuple

_MARKED = re.compile("⟦([^⟧]*)⟧")
_WORD = re.compile(r"[^\W_]{3,}")


class Positive(NamedTuple):
    """A text, or an incident's fields, and the values that must not remain."""

    kind: str
    held_out: bool
    fields: Mapping[str, Any]
    hidden: tuple[str, ...]


def positives() -> Iterator[Positive]:
    """Read the lists, by kind."""
    for file in sorted(files("sftsec_pii").joinpath("lists").iterdir(), key=lambda each: each.name):
        kind = file.name.removesuffix(".txt")
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            text = line.replace("¦", "").replace("⏎", "\n")
            hidden = tuple(_MARKED.findall(text))
            bare = text.replace("⟦", "").replace("⟧", "")
            is_fields = bare.startswith("fields ")
            fields = json.loads(bare.removeprefix("fields ")) if is_fields else {"message": bare}
            yield Positive(kind, number % 2 == 0, fields, hidden)


def is_found(positive: Positive, redacted: Mapping[str, Any]) -> bool:
    """Whether nothing of the hidden values remains, not even a word of three letters."""
    after = _strings(redacted)
    before = _strings(positive.fields)
    for value in positive.hidden:
        if value in after:
            return False
        for word in _WORD.findall(value):
            # A word may stand elsewhere in the text too: only its own place must be gone.
            if after.count(word) > before.count(word) - value.count(word):
                return False
    return True


def recall(redact: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Measure a step.

    Args:
        redact: an incident's fields, redacted.

    Returns:
        By kind: `developed` and `held_out` (0 to 1), and `count`.
    """
    found: dict[str, dict[bool, list[bool]]] = {}
    for each in positives():
        halves = found.setdefault(each.kind, {False: [], True: []})
        halves[each.held_out].append(is_found(each, redact(each.fields)))
    return {
        kind: {
            "developed": sum(halves[False]) / len(halves[False]),
            "held_out": sum(halves[True]) / len(halves[True]),
            "count": len(halves[False]) + len(halves[True]),
        }
        for kind, halves in found.items()
    }


def _strings(value: object) -> str:
    return re.sub(r"<[A-Z]+:[0-9a-f]{8}>", "<>", json.dumps(value, ensure_ascii=False))
