"""Which fields the model should read: long free text first, in the order of a reader."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sftsec_core.config.suggest.profile import Column

_MOST = 4
_TITLE = re.compile(r"\b(?:subject|title|headline|name|summary|rule)\b")
_BODY = re.compile(
    r"\b(?:body|message|text|content|description|details|payload|request|query|command|"
    r"command line|cmd|cmdline|url|uri|script|prompt|snippet|raw|log|email|mail|sms)\b"
)
# Written after the verdict or because of it: a model that reads it has read the answer.
_AFTERWARDS = re.compile(
    r"\b(?:analysts?|comments?|closing|closed?|closure|conclusion|determination|disposition|"
    r"feedback|findings|investigation|justification|notes?|outcome|playbook|reason|remarks?|"
    r"remediation|resolution|resolved|response|review|root cause|triage|verdict|worklog)\b"
)
_LINK = re.compile(r"\b(?:permalink|link|reference|portal|file|filename|path|avatar|image)\b")


def is_afterwards(column: Column) -> bool:
    """Whether the name is that of a text that analysts write."""
    return bool(_AFTERWARDS.search(column.words))


def choose_text(columns: Sequence[Column]) -> list[Column]:
    """The fields that hold free text, titles first; at most four.

    Where there is none, the one field that comes closest: a command line, a URL, a payload.
    """
    open_ones = [c for c in columns if not is_afterwards(c) and not c.nested and not c.is_number]
    free = [column for column in open_ones if is_free_text(column)]
    chosen = sorted(free, key=lambda c: -c.mean_length)[:_MOST]
    if not chosen:
        near = [column for column in open_ones if _near_text(column)]
        chosen = sorted(near, key=_nearness)[:1]
    return sorted(chosen, key=lambda c: (not _TITLE.search(c.words), columns.index(c)))


def is_free_text(column: Column) -> bool:
    """Whether a field holds sentences: several words, and not the same few again and again."""
    varied = column.distinct >= 20 or column.distinct > column.filled / 2
    named = bool(_TITLE.search(column.words) or _BODY.search(column.words))
    enough = 1.5 if named else 3.0
    link = _LINK.search(column.words) and column.mean_words < 3
    return varied and column.mean_words >= enough and not column.is_identifier and not link


def _near_text(column: Column) -> bool:
    if column.filled < column.rows / 2 or column.distinct < 2:
        return False
    named = bool(_BODY.search(column.words))
    return named or (not column.is_identifier and column.distinct >= 20)


def _nearness(column: Column) -> tuple[bool, bool, float]:
    named = bool(_BODY.search(column.words))
    return (not named, bool(_LINK.search(column.words)), -column.mean_length)


def others(columns: Iterable[Column], used: Iterable[str]) -> tuple[list[str], list[str]]:
    """Fields that may be read besides: as numbers, and as categories of few values."""
    left = [c for c in columns if c.name not in set(used) and not is_afterwards(c)]
    left = [c for c in left if c.filled > c.rows / 2 and c.distinct > 1 and not c.nested]
    numbers = [c.name for c in left if c.is_number and not c.is_unique]
    few = [c for c in left if not c.is_number and c.distinct <= max(20, c.filled // 20)]
    return numbers, [c.name for c in few]
