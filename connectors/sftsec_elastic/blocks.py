"""The events of an EQL sequence: only their building blocks have their fields.

The alert that an analyst judges holds what all events have in common. Its building blocks, one an
event, are alerts of their own with the same `kibana.alert.group.id`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sftsec_core.sdk.errors import TooLargeError
from sftsec_core.sdk.fields import as_text, find_value
from sftsec_core.sdk.records import UnusableError, flatten
from sftsec_search.lookups import VERSIONED

log = logging.getLogger(__name__)

GROUP = "kibana.alert.group.id"
PLACE = "kibana.alert.group.index"
BUILDING_BLOCK = "kibana.alert.building_block_type"
_AT_ONCE = 200  # groups; a sequence has a handful of events
_MOST_HITS = 10_000
_VENDORS = "kibana."
_TIME = "@timestamp"

Fields = Mapping[str, Any]
Search = Callable[[Mapping[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class BlockReader:
    """Reads building blocks.

    Attributes:
        search: sends the body of a search to the alerts' index, and repeats it as configured.
        wanted: the fields of `_source` to bring; empty for all.
        max_depth: how deep a document may nest.
    """

    search: Search
    wanted: Sequence[str]
    max_depth: int

    def __call__(self, groups: Iterable[str]) -> dict[str, list[Fields]]:
        """Return the flat fields of each group's building blocks, in the order of the sequence.

        Raises:
            ConnectorError: when the cluster does not answer, or refuses.
        """
        found: dict[str, list[Fields]] = {}
        names = sorted(set(groups))
        for start in range(0, len(names), _AT_ONCE):
            self._read(names[start : start + _AT_ONCE], found)
        return {
            group: sorted(blocks, key=lambda block: _number(block.get(PLACE)))
            for group, blocks in found.items()
        }

    def _read(self, groups: list[str], found: dict[str, list[Fields]]) -> None:
        try:
            hits = self.search(self._body(groups))["hits"]["hits"]
        except TooLargeError:
            hits = None
        if len(groups) > 1 and (hits is None or len(hits) == _MOST_HITS):
            middle = len(groups) // 2
            self._read(groups[:middle], found)
            self._read(groups[middle:], found)
            return
        if hits is None:
            log.warning("the events of the sequence %s are larger than max_page_bytes", groups[0])
            return
        for hit in hits:
            try:
                block = flatten(hit.get("_source") or {}, self.max_depth)
            except UnusableError as error:
                log.warning("an event of a sequence, %s, cannot be read: %s", hit["_id"], error)
                continue
            found.setdefault(str(block.get(GROUP)), []).append(block)

    def _body(self, groups: Sequence[str]) -> dict[str, Any]:
        chosen = [{"terms": {GROUP: list(groups)}}, {"exists": {"field": BUILDING_BLOCK}}]
        includes = {"includes": [GROUP, PLACE, *self.wanted]} if self.wanted else True
        return {
            "query": {"bool": {"filter": chosen}},
            "size": _MOST_HITS,
            "track_total_hits": False,
            "_source": includes,
            **VERSIONED,
        }


def joined_fields(
    alert: Fields,
    blocks: Sequence[Fields],
    wanted: Sequence[str],
    is_private: Callable[[str], bool],
) -> dict[str, Any]:
    """Return what the alert lacks and its building blocks have, by dotted name.

    Args:
        alert: the alert's own flat fields; what it has is left as it is.
        blocks: the flat fields of each building block, in order.
        wanted: the names to look for; empty for all that the events have.
        is_private: tells of a name that no model may read.

    Returns:
        The blocks' one value, or several that differ as text, one a line, in order.
    """
    names = wanted or dict.fromkeys(
        name for block in blocks for name in block if not name.startswith(_VENDORS)
    )
    lacking = [
        n for n in names if n != _TIME and not is_private(n) and find_value(alert, n) is None
    ]
    found = {name: [find_value(block, name, is_private) for block in blocks] for name in lacking}
    return {name: _joined(values) for name, values in found.items() if _each(values)}


def _joined(values: Iterable[object]) -> object:
    by_text = {as_text(value): value for value in _each(values)}
    return next(iter(by_text.values())) if len(by_text) == 1 else "\n".join(by_text)


def _each(values: Iterable[object]) -> list[object]:
    """The values that are there; the items of a list are values of their own."""
    listed = (value if isinstance(value, list) else [value] for value in values)
    return [one for some in listed for one in some if one not in (None, "")]


def _number(value: object) -> float:
    return value if isinstance(value, int | float) else 0.0
