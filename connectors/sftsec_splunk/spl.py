"""Pieces of SPL that are put together: what comes from outside is a digest, or is checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from sftsec_splunk.identity import EventNames
from sftsec_splunk.order import UNPLACED_MS, Order, commands_of

_SAFE = re.compile(r"[\w@.:~-]+", re.ASCII)
_INDEX = re.compile(r"(?<![\w.])(?<!NOT )index\s*==?\s*(\"[^\"]+\"|[^\s()|,\"]+)", re.IGNORECASE)
_INDEX_LIST = re.compile(r"(?<![\w.])index\s+IN\s*\(([^)]*)\)", re.IGNORECASE)
_PLAIN_FIELD = re.compile(r"[A-Za-z_]([\w.:-]|\{\})*(\.\*)?", re.ASCII)
_MOST_NAMES = 500


def keyed(base: str, names: EventNames, order: Order) -> str:
    """A search whose rows have a name and a place in a total order.

    `sftsec_ms` is the event's own time in whole milliseconds; rounded down, so that it agrees with
    slices that begin at whole seconds. `sftsec_at` is the time that orders the rows, and
    `sftsec_key` orders what shares one: hexadecimal digits after a letter, which no collation and
    no guess at numbers can order otherwise.

    Args:
        base: SPL that gives events.
        names: how events are named.
        order: which time orders them; a row without it comes before all others.
    """
    return (
        f"{base} | eval sftsec_id={names.id}, sftsec_ms=floor(_time*1000)"
        f" | eval sftsec_uid={names.uid}, sftsec_at=coalesce({order.expression}, {UNPLACED_MS})"
        f' | eval sftsec_key="k".substr(sha256(coalesce(sftsec_id, "")), 1, 40)'
    )


def whole(search: str) -> str:
    """A search as the REST API takes it: it begins with a command."""
    text = search.strip()
    return text if text.startswith("|") or text.split(maxsplit=1)[0] == "search" else _first(text)


def _first(text: str) -> str:
    return f"search {text}"


def indexes_of(search: str) -> tuple[str, ...]:
    """The indexes that a search's first command names; a pattern with a star is left out."""
    first, *_ = [each for each in commands_of(search) if each] or [""]
    listed = [each for found in _INDEX_LIST.findall(first) for each in found.split(",")]
    named = [each.strip().strip("\"'") for each in (*_INDEX.findall(first), *listed)]
    return tuple(dict.fromkeys(each for each in named if each and "*" not in each))


def among(keys: Iterable[str]) -> str:
    """A condition of `where`: the row's key is one of these."""
    return f"in(sftsec_key, {', '.join(_quoted(each) for each in keys)})"


def lookup_rows(lookup: str, field: str, values: Sequence[str]) -> str:
    """A search for the rows of a lookup in which a field has one of these values."""
    if all(_SAFE.fullmatch(each) for each in values):
        terms = " OR ".join(f"{field}={_quoted(each)}" for each in values)
        return f"| inputlookup {lookup} where {terms}"
    digests = ", ".join(_quoted(hashlib.sha256(each.encode()).hexdigest()) for each in values)
    return (
        f"| inputlookup {lookup} | eval sftsec_digest=sha256({field})"
        f" | where in(sftsec_digest, {digests})"
    )


def field_clause(names: Sequence[str]) -> str:
    """`| fields` for these names; all fields, where one cannot stand in a search."""
    kept = list(dict.fromkeys(names))
    known = all(_PLAIN_FIELD.fullmatch(each) for each in kept)
    if not kept or not known or len(kept) > _MOST_NAMES:
        return "| fields *"
    # A star means names between quotes no longer.
    return "| fields _time, " + " ".join(n if n.endswith("*") else _quoted(n) for n in kept)


def _quoted(text: str) -> str:
    return f'"{text}"'
