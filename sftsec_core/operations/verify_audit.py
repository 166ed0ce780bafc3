"""Verify the audit log, and say what that proves and what it does not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import IntegrityError
from sftsec_core.operations.audit_anchor import check_cursor, copied_to, read_anchor
from sftsec_core.operations.authorize import authorize
from sftsec_core.store.audit_records import SEALED
from sftsec_core.store.chain import BEGINNING, WHOLE_UP_TO, Link

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.domain import AuditAnchor
    from sftsec_core.operations.audit_anchor import AuditCursor
    from sftsec_core.operations.context import Context
    from sftsec_core.store.audit import AuditState
    from sftsec_core.store.store import Store

_ACTORS = "that a named actor did it: the name is the operating system's user, as sftsec saw it"
_REWRITTEN = (
    "that no one with the right to write to the database rewrote the whole log, "
    "hashes and rows too: "
)


@dataclass(frozen=True, slots=True)
class AuditProof:
    """A log in which no fault was found.

    Attributes:
        state: what the log is.
        verdicts: how many have a whole chain.
        copied: the last entry that was copied, by the name of the connector.
        anchor: the end of the copy that the log was compared with; None where it was with none.
        computed_after: the last entry whose hash was not computed again; 0 where all were.
        proved: what is certain, a sentence each.
        not_proved: what may be otherwise all the same.
    """

    state: AuditState
    verdicts: int
    copied: Mapping[str, int]
    anchor: AuditAnchor | None
    computed_after: int
    proved: Sequence[str]
    not_proved: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        values = asdict(self)
        values["state"]["erased"] = sorted(self.state.erased)
        return values


def verify_audit(context: Context, anchor: str | None = None, *, full: bool = False) -> AuditProof:
    """Recompute the chains of the log and of the verdicts, look for entries that must be.

    Of a log of more than `WHOLE_UP_TO` entries and verdicts, what `audit push` computed and copied
    is not computed again, unless that is asked for or the log is compared with its copy.

    Args:
        context: settings, store, registry, actor and event stream.
        anchor: the connector whose copy to compare with; None for no copy.
        full: compute all, however long the log is.

    Raises:
        ConnectorError: when the connector cannot be asked for its copy.
        IntegrityError: when the log or a verdict was changed, or the connector has no copy.
    """
    authorize(context.actor, Permission.READ)
    log, copied = context.store.audit, copied_to(context.store)
    after = BEGINNING if full or anchor else _computed(context.store, copied)
    state = log.examine(after)
    sealed = _last_seal(context.store, after)
    verdicts = context.store.verdict_chain.verify(state.sealed, after=sealed, erased=state.erased)
    for name, cursor in copied.items():
        check_cursor(log, name, cursor)
    found = None if anchor is None else _anchor(context, anchor)
    proved = [
        *_proved(state, after),
        *_of_verdicts(state, verdicts, sealed),
        *_erased(state),
        *_compared(anchor, found),
    ]
    open_ = [
        *_not_computed(after, sealed),
        *_open(state, copied, anchor, found),
        *_unsealed(state, verdicts),
        _ACTORS,
    ]
    seqs = {name: cursor.seq for name, cursor in copied.items()}
    return AuditProof(state, verdicts, seqs, found, after.seq, proved, open_)


def _computed(store: Store, copied: Mapping[str, AuditCursor]) -> Link:
    """The last entry that `audit push` copied, and so computed; the beginning of a short log."""
    if store.audit.head()[0] + store.verdict_chain.head()[0] <= WHOLE_UP_TO:
        return BEGINNING
    known = [Link(each.seq, each.hash) for each in copied.values() if each.hash is not None]
    return max(known, default=BEGINNING)


def _last_seal(store: Store, after: Link) -> Link:
    """The verdicts that the log had sealed up to an entry: they were computed with it."""
    seal = store.audit.last(SEALED, up_to=after.seq)
    if seal is None:
        return BEGINNING
    return Link(int(seal.details["verdicts"]), str(seal.details["hash"]))


def _anchor(context: Context, name: str) -> AuditAnchor:
    with context.connector(name) as connector:
        found = read_anchor(connector, name, context.store.audit)
    if found is None:
        raise IntegrityError(
            f"audit log: {name!r} holds no entry of this log, so it proves nothing: copy it with "
            f"`sftsec audit push {name}`; if that was done before, the log was rewritten, or "
            "its copy was removed"
        )
    return found


def _proved(state: AuditState, after: Link) -> list[str]:
    if not state.entries:
        return ["the log is empty, and nothing in the store should have an entry"]
    counts = state.records
    return [
        f"{_begin(state, after)} to entry {state.entries} "
        f"({state.last_at:%Y-%m-%d %H:%M:%S} UTC), whose hash is {state.hash}",
        f"{counts.models} registered models, {counts.moves} moves of aliases and {counts.runs} "
        "runs that came to their end have their entries",
    ]


def _begin(state: AuditState, after: Link) -> str:
    if after.seq:
        return f"entries 1 to {after.seq} are there, and the chain is whole from there"
    return f"the chain is whole from entry 1 ({state.first_at:%Y-%m-%d %H:%M:%S} UTC)"


def _not_computed(after: Link, sealed: Link) -> list[str]:
    if not after.seq:
        return []
    return [
        f"that entries 1 to {after.seq} and the first {sealed.seq} verdicts are as they were when "
        "`sftsec audit push` computed and copied them: `sftsec audit verify --full` computes all"
    ]


def _of_verdicts(state: AuditState, verdicts: int, after: Link) -> list[str]:
    if not verdicts:
        return []
    if after.seq:
        return [f"the chain of the {verdicts} verdicts is whole from verdict {after.seq} on"]
    sealed = max(state.sealed, default=0)
    of_log = f"; the log has sealed the first {sealed}" if sealed else ""
    return [f"the chain of the {verdicts} verdicts is whole{of_log}"]


def _erased(state: AuditState) -> list[str]:
    if not state.erased:
        return []
    n = len(state.erased)
    were = "1 of the verdicts was" if n == 1 else f"{n} of the verdicts were"
    place = "its place" if n == 1 else "their places"
    return [
        f"{were} erased by `sftsec forget`: the log names {place} in the chain, which is whole "
        "before and behind each"
    ]


def _unsealed(state: AuditState, verdicts: int) -> list[str]:
    left = verdicts - max(state.sealed, default=0)
    if not left:
        return []
    return [
        f"the same of the last {left} verdicts, which the log has not sealed: the end of a run "
        "and `sftsec audit push` do"
    ]


def _compared(name: str | None, found: AuditAnchor | None) -> list[str]:
    if found is None:
        return []
    return [
        f"{name!r} holds entry {found.seq} with the same hash: entries 1 to {found.seq} are as "
        "they were copied there"
    ]


def _open(
    state: AuditState,
    copied: Mapping[str, AuditCursor],
    name: str | None,
    found: AuditAnchor | None,
) -> list[str]:
    if found is None:
        known = next(iter(copied), None)
        remedy = (
            "copy it into the SIEM with `sftsec audit push CONNECTOR`"
            if known is None
            else f"`sftsec audit verify --anchor {known}` compares it with the copy there"
        )
        return [_REWRITTEN + remedy]
    if found.seq == state.entries:
        return []
    return [
        f"the same of entries {found.seq + 1} to {state.entries}, of which {name!r} shows no copy "
        f"yet: `sftsec audit push {name}`"
    ]
