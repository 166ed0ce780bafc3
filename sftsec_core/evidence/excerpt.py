"""The entries of the audit log that concern a model, so that others can check them.

Each entry comes with the hash before it: over that and its own content its hash is computed again.
The number and the hash of an entry also stand in the copy that `sftsec audit push` keeps in the
SIEM, where those who run sftsec cannot change it: what is equal there was not rewritten. An entry
with a pseudonym in it can be computed again by who has what the pseudonyms stand for.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, NamedTuple

from sftsec_core.api.errors import IntegrityError
from sftsec_core.evidence.pseudonyms import has_pseudonym, restored
from sftsec_core.store.chain import START, link

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.domain import AuditEntry
    from sftsec_core.evidence.pseudonyms import Pseudonyms

_SEALED = ("at", "seq", "actor", "action", "object", "details")


class LogEnd(NamedTuple):
    """Where a log ended when the excerpt was made."""

    seq: int
    hash: str


class ExcerptCheck(NamedTuple):
    """What was computed again.

    Attributes:
        entries: of the excerpt.
        computed: whose hash was computed again, and is right.
        open: with pseudonyms whose names are not known here.
    """

    entries: int
    computed: int
    open: int


def build_excerpt(
    entries: Sequence[tuple[str | None, AuditEntry]],
    end: LogEnd,
    copies: Mapping[str, LogEnd],
    names: Pseudonyms,
    *,
    left_out: int = 0,
) -> dict[str, Any]:
    """Put entries down as JSON values.

    Args:
        entries: the hash of the entry before, None for the first of the log, and the entry.
        end: of the log.
        copies: by connector, the last entry that `sftsec audit push` copied.
        names: replaces names of people.
        left_out: entries that concern it and are too many.
    """
    return {
        "log": entries[0][1].log if entries else None,
        "anchor": end._asdict(),
        "copies": {name: copy._asdict() for name, copy in sorted(copies.items())},
        "entries": [_entry(before or START, entry, names) for before, entry in entries],
        "left_out": left_out,
    }


def check_excerpt(excerpt: Mapping[str, Any], replaced: Mapping[str, str]) -> ExcerptCheck:
    """Compute the hashes of an excerpt again.

    Args:
        excerpt: what `build_excerpt` made.
        replaced: what pseudonyms stand for; empty where that is not known.

    Raises:
        IntegrityError: naming the first entry that is not as it was written.
    """
    entries = excerpt["entries"]
    computed = 0
    for entry in entries:
        content = restored([entry[name] for name in _SEALED], replaced)
        if has_pseudonym(content):
            continue
        if link(entry["previous"], content) != entry["hash"]:
            raise IntegrityError(f"audit log: entry {entry['seq']} is not as it was written")
        computed += 1
    return ExcerptCheck(len(entries), computed, len(entries) - computed)


def _entry(before: str, entry: AuditEntry, names: Pseudonyms) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "at": entry.at.astimezone(UTC).isoformat(),
        "actor": names.person(entry.actor),
        "action": entry.action,
        "object": names.in_text(entry.object),
        "details": names.shared(dict(entry.details)),
        "previous": before,
        "hash": entry.hash,
    }
