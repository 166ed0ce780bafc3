"""In the order of which time a search's events are read.

Splunk keeps two times of an event: its own (`_time`) and the one at which it was indexed
(`_indextime`). Mail and cloud add-ons poll, so an event is often indexed minutes after its own
time. A cursor in the order of index times stands before such an event, whatever its own time is.
A search that loses `_indextime` can be read in the order of `_time` only.
"""

from __future__ import annotations

import re
from enum import StrEnum

# A row that has not the time of its order: before all others.
UNPLACED_MS = -(10**15)
_KEEPING = frozenset(
    (
        *("search", "where", "eval", "rex", "regex", "lookup", "spath", "rename", "fillnull"),
        *("fields", "head", "dedup", "sort", "makemv", "mvexpand", "strcat", "extract", "kv"),
        *("xmlkv", "iplocation", "convert", "tags", "replace", "nomv", "eventstats", "typer"),
        *("streamstats", "fieldformat", "bin", "bucket", "reverse", "rangemap", "addinfo"),
    )
)
_LOSES = {
    "fields": re.compile(r"-\s*(?:.*[\s,])?[\"']?_(\*|indextime)", re.DOTALL),
    "rename": re.compile(r"\b_indextime[\"']?\s+as\b", re.IGNORECASE),
    "eval": re.compile(r"(?:^|,)\s*['\"]?_indextime['\"]?\s*=(?!=)"),
}


class Order(StrEnum):
    """Which time orders the events."""

    EVENT_TIME = "event_time"
    INDEX_TIME = "index_time"

    @property
    def expression(self) -> str:
        """The time as an expression of eval: milliseconds since 1970, null where there is none."""
        return "_indextime*1000" if self is Order.INDEX_TIME else "floor(_time*1000)"

    @property
    def field(self) -> str:
        """Splunk's name of it."""
        return "_indextime" if self is Order.INDEX_TIME else "_time"


def what_loses_index_time(search: str) -> str | None:
    """The command of a search after which its rows have no `_indextime`; None where they have.

    A macro is taken for a search of events: what is in it is not looked at.

    Args:
        search: SPL, as a configuration has it.
    """
    first, *others = commands_of(search)
    if not first:  # it begins with a pipe: what is generated was not indexed
        name = _name(others[0]) if others else ""
        if name != "search":
            return f"| {name}"
        first, *others = others
    return next((_name(each) for each in others if not _keeps(each)), None)


def commands_of(search: str) -> list[str]:
    """The commands of a search, split at the pipes outside of quotes, brackets and macros."""
    parts, depth, quote, start = [], 0, "", 0
    text = search.strip()
    place = 0
    while place < len(text):
        letter = text[place]
        if letter == "\\":
            place += 1
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in '"`':
            quote = letter
        elif letter in "[]":
            depth += 1 if letter == "[" else -1
        elif letter == "|" and depth <= 0:
            parts.append(text[start:place].strip())
            start = place + 1
        place += 1
    return [*parts, text[start:].strip()]


def _name(command: str) -> str:
    found = re.match(r"\w+", command)
    return found[0].lower() if found else ""


def _keeps(command: str) -> bool:
    if command.startswith("`"):
        return True
    name = _name(command)
    loses = _LOSES.get(name)
    return name in _KEEPING and not (loses and loses.search(command[len(name) :]))
