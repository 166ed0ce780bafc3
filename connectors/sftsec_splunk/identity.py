"""How a search's events are named: by fields of theirs, within their index or everywhere."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.sdk.portable import RECORD_EXPRESSION
from sftsec_splunk.spellings import is_empty, value_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_splunk.config import SearchSource

NOTABLE_UID = "event_id"
_MARK = "#"
# `fields` without a star drops `index`, and keeps the bucket, which begins with the index.
_INDEX = 'coalesce(index, replace(_bkt, "~.*", ""))'


@dataclass(frozen=True, slots=True)
class EventNames:
    """Expressions of eval that name an event.

    Attributes:
        id: gives what the source calls it; null where it has no name.
        scoped: whether the index belongs to the name: two indices have no name in common.
    """

    id: str
    scoped: bool = False

    @property
    def uid(self) -> str:
        """The incident's uid, where `sftsec_id` is the id; a row of no index has the id alone."""
        return f'coalesce({_INDEX}."{_MARK}".sftsec_id, sftsec_id)' if self.scoped else "sftsec_id"

    def keys(self, uid: str) -> tuple[str, ...]:
        """The keys that the event with this uid may have: a key is of the id alone."""
        _, mark, id_ = uid.partition(_MARK)
        return (key_of(uid), key_of(id_)) if self.scoped and mark else (key_of(uid),)


def names_of(source: SearchSource) -> EventNames:
    """How the events of a search are named, as its settings say."""
    if not source.uid:
        return EventNames(RECORD_EXPRESSION)
    return EventNames(_id_of(source.uid), scoped=source.id_scope == "index")


def key_of(uid: str) -> str:
    """What a search makes of an id: it sorts and compares alike in SPL and in Python."""
    return "k" + hashlib.sha256(uid.encode()).hexdigest()[:40]


def _id_of(fields: Sequence[str]) -> str:
    """One field's value, or several joined; null where all are empty, or one has several values."""
    several = [f"coalesce(mvcount({value_of(each)}), 0)>1" for each in fields]
    values = [f'if({is_empty(each)}, "", {value_of(each)})' for each in fields]
    unusable = " OR ".join([*several, f'{".".join(values)}=""'])
    joined = values[0] if len(fields) == 1 else '."|".'.join(map(_quoted, values))
    return f"if({unusable}, null(), {joined})"


def _quoted(value: str) -> str:
    """Hide what separates parts: `a|b` and `c` must not be named like `a` and `b|c`."""
    return f'replace(replace({value}, "%", "%25"), "[|]", "%7C")'
