"""Verdicts in the app's collection: added, never changed, each one once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sftsec_app.portable import (
    MAX_EVENT_BYTES,
    VERDICTS,
    NewVerdict,
    document_key,
    is_same_verdict,
    retraction_document,
    standing_verdict,
    standing_verdicts,
    verdict_document,
)
from sftsec_app.rows import Row
from sftsec_app.splunkd import Document, SplunkdClient

# Splunk 9 takes 1,000 documents or queries at once, and 50 MB.
_BATCH = 500
_BATCH_BYTES = 8 * 2**20


@dataclass(frozen=True)
class NamedRow:
    """A row with the name of its incident."""

    uid: str
    row: Row


def add_verdicts(
    splunkd: SplunkdClient, new: NewVerdict, rows: Sequence[NamedRow]
) -> dict[str, str]:
    """Add a verdict to each incident that does not have it.

    Args:
        splunkd: of the search head.
        new: the verdict.
        rows: several may be of one incident.

    Returns:
        For each uid "saved", "already saved", or why it was not saved.

    Raises:
        AppError: when splunkd refuses or does not answer; what was written before stays.
    """
    by_uid = {each.uid: each.row for each in rows}
    states: dict[str, str] = {}
    for uids in _batches(list(by_uid)):
        found = splunkd.find(VERDICTS, [{"incident_uid": uid} for uid in uids])
        documents = []
        for uid, earlier in zip(uids, found):
            standing = standing_verdict(earlier, new.analyst)
            if standing is not None and is_same_verdict(standing, new):
                states[uid] = "already saved"
                continue
            document = _document(new, uid, by_uid[uid], earlier)
            fits = len(document["event"].encode()) <= MAX_EVENT_BYTES
            states[uid] = "saved" if fits else "not saved: the event is too large"
            documents += [document] if fits else []
        save(splunkd, VERDICTS, documents)
    return states


def retract_verdicts(
    splunkd: SplunkdClient, new: NewVerdict, rows: Sequence[NamedRow]
) -> dict[str, str]:
    """Take back all that the analyst said of each incident, and nobody else's verdict.

    Args:
        splunkd: of the search head.
        new: who takes back, when and why.
        rows: several may be of one incident.

    Returns:
        For each uid "retracted", or "nothing to retract".

    Raises:
        AppError: when splunkd refuses or does not answer; what was written before stays.
    """
    states: dict[str, str] = {}
    for uids in _batches(list({each.uid: None for each in rows})):
        found = splunkd.find(VERDICTS, [{"incident_uid": uid} for uid in uids])
        documents: list[Document] = []
        for uid, earlier in zip(uids, found):
            standing = standing_verdicts(earlier, new.analyst)
            documents += [retraction_document(each, new) for each in standing]
            states[uid] = "retracted" if standing else "nothing to retract"
        save(splunkd, VERDICTS, documents)
    return states


def save(splunkd: SplunkdClient, collection: str, documents: Iterable[Document]) -> None:
    """Write documents in batches that the KV store takes.

    Raises:
        AppError: when splunkd refuses or does not answer.
    """
    batch: list[Document] = []
    size = 0
    for document in documents:
        length = len(str(document.get("event", "")).encode())
        if batch and (len(batch) == _BATCH or size + length > _BATCH_BYTES):
            splunkd.save(collection, batch)
            batch, size = [], 0
        batch.append(document)
        size += length
    if batch:
        splunkd.save(collection, batch)


def _document(
    new: NewVerdict, uid: str, row: Row, earlier: Sequence[Mapping[str, Any]]
) -> Document:
    # The count of the analyst's earlier documents tells a new verdict from a repeated write.
    count = sum(each.get("analyst") == new.analyst for each in earlier)
    key = document_key(uid, new.verdict, new.analyst, new.reason, count)
    return verdict_document(key, uid, new, row)


def _batches(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]
