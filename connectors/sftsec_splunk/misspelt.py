"""Whether the fields that a search's settings name are there: a misspelt one is always empty."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from sftsec_core.sdk.portable import plain_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sftsec_splunk.config import SearchSource

_SHOWN = 40
# Of 1, equal: fields of a verdict may be absent from all events of a sample.
_NEAR, _LIKE = 0.8, 0.6


def absent_fields(source: SearchSource, rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """Say which fields of the settings no event has, a line each, with what was perhaps meant.

    Args:
        source: the settings. `uid`, `time` and those of `rename` must be there; the others only
            where a field of nearly the same name is.
        rows: some events of the search, with all their fields; of none, nothing can be said.
    """
    there = sorted({name for row in rows for name in row if not name.startswith("_")})
    if not there:
        return
    always = dict.fromkeys((*(source.uid or ()), *filter(None, [source.time])))
    plain = {plain_name(each) for each in there}
    always |= dict.fromkeys(source.rename.values())
    given = (source.label, source.analyst, source.verdict_time)
    often = dict.fromkeys(each for each in given if each)
    for name in dict.fromkeys((*always, *often)):
        if name in there or name in plain or name.startswith("_"):
            continue
        near = _near(name, there, _LIKE if name in always else _NEAR)
        if near is not None:
            yield f"no event has the field {name!r} (did you mean {near!r}?)"
        elif name in always:
            yield f"no event has the field {name!r}; there are: {', '.join(there[:_SHOWN])}"


def _near(name: str, there: Iterable[str], likeness: float) -> str | None:
    spelt = {each.casefold(): each for each in there}
    near = get_close_matches(name.casefold(), spelt, 1, likeness)
    return spelt[near[0]] if near else None
