"""`submit verdict`: a verdict in the collection of the Splunk app, added once, never changed.

A playbook may run twice: the same verdict again adds nothing. After a retraction a person's
verdict is a new document. The playbook's own is not: it does not override the analyst who
retracted it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .event import Fields
from .portable import (
    MAX_EVENT_BYTES,
    MAX_REASON_LENGTH,
    AppError,
    NewVerdict,
    document_key,
    is_same_verdict,
    retracted_keys,
    standing_verdict,
    verdict_document,
)
from .splunk_verdicts import Document, SplunkVerdicts

SOURCE = "soar"
PLAYBOOK = "soar"
SAVED, EXISTS = "saved", "already saved"


@dataclass(frozen=True)
class SubmittedVerdict:
    """What a playbook is told.

    Attributes:
        state: "saved" or "already saved".
        key: of the document.
    """

    state: str
    key: str


def new_verdict(verdict: str, analyst: str, reason: str, task: str, at: float) -> NewVerdict:
    """A verdict from the parameters of the action.

    Args:
        verdict: its value.
        analyst: who gave it; "" when the playbook did, which makes it automated.
        reason: why; "" without one.
        task: the one it is for; "" for all.
        at: now, in seconds since 1970.

    Raises:
        AppError: when the reason is too long, or the analyst has the playbook's name.
    """
    if len(reason) > MAX_REASON_LENGTH:
        raise AppError(f"a reason may have {MAX_REASON_LENGTH} characters")
    if analyst == PLAYBOOK:
        raise AppError(
            f"analyst={PLAYBOOK} is the name of the playbook: give a person's name, or none"
        )
    return NewVerdict(verdict, analyst or PLAYBOOK, reason, SOURCE, at, not analyst, task)


def submit(
    collection: SplunkVerdicts, uid: str, new: NewVerdict, fields: Fields
) -> SubmittedVerdict:
    """Add a verdict unless it exists.

    Args:
        collection: of a search head with the app.
        uid: of the incident.
        new: the verdict.
        fields: of the event, from `read_fields`.

    Raises:
        AppError: when it was not saved; it is safe to try again.
    """
    _check(collection, new)
    earlier = collection.find(uid)
    standing = standing_verdict(earlier, new.analyst)
    if standing is not None and is_same_verdict(standing, new):
        return SubmittedVerdict(EXISTS, str(standing["_key"]))
    if new.automated:
        _check_not_retracted(earlier, new)
    document = verdict_for(uid, new, fields, earlier)
    added = collection.add(document)
    return SubmittedVerdict(SAVED if added else EXISTS, str(document["_key"]))


def verdict_for(uid: str, new: NewVerdict, fields: Fields, earlier: Sequence[Document]) -> Document:
    """The document of a verdict.

    Args:
        uid: of the incident.
        new: the verdict.
        fields: of the event.
        earlier: the documents of the incident: the count of the analyst's own tells a new verdict
            from a repeated write.

    Raises:
        AppError: when the event is too large.
    """
    count = sum(each.get("analyst") == new.analyst for each in earlier)
    key = document_key(uid, new.verdict, new.analyst, new.reason, count)
    document = verdict_document(key, uid, new, fields)
    if len(document["event"].encode("utf-8", "replace")) > MAX_EVENT_BYTES:
        raise AppError(f"the event is too large: {MAX_EVENT_BYTES} bytes of fields at most")
    return document


def _check(collection: SplunkVerdicts, new: NewVerdict) -> None:
    collection.check_capability()
    values = collection.values()
    if new.verdict not in values:
        raise AppError(f"{new.verdict!r} is none of the verdicts: {', '.join(values)}")


def _check_not_retracted(earlier: Sequence[Document], new: NewVerdict) -> None:
    retracted = retracted_keys(earlier)
    own = [each for each in earlier if each.get("analyst") == new.analyst]
    if any(e.get("_key") in retracted and e.get("verdict") == new.verdict for e in own):
        raise AppError(
            f"not saved: an analyst retracted the playbook's verdict {new.verdict!r} on this "
            "incident; name an analyst to give it again"
        )
