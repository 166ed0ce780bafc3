"""Which records were seen: one is named by its uid and by the digest of its inputs.

An id alone does not name a record: exports number their records from 0 again, and a source may
use a field that is not unique. Two records of one id whose inputs differ are two records.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.dataset.dedup.postings import Postings
from sftsec_core.dataset.dedup.tables import Table, short_keys, twins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.dataset.dedup.items import DedupResult

_MOST_CANDIDATES = 1024  # of one 32-bit key: digests are compared in full after it
_LIKE_OURS = re.compile(r"~[0-9a-f]{32}\Z")


def row_uid(uid: str, digest: str, result: DedupResult) -> str:
    """Name a record's row: by its uid, unless another record came first under it.

    Args:
        uid: the incident's.
        digest: of the record's own inputs, 32 hexadecimal digits.
        result: what the deduplicator has found.

    Returns:
        The uid; with `~<digest>` behind it where it alone would name two records, and where a
        uid of the source looks like such a name, so that no two records get the same one.
    """
    return f"{uid}~{digest}" if result.shares_id or like_ours(uid) else uid


def like_ours(uid: str) -> bool:
    """Whether a uid of the source looks like the name of a record that shares its id."""
    return _LIKE_OURS.search(uid) is not None


def source_uid(name: str) -> str:
    """The uid that `row_uid` made a name of."""
    return _LIKE_OURS.sub("", name)


@dataclass(slots=True)
class NamedBatch:
    """A batch of records: which were seen before it, and what is new in it.

    Attributes:
        rows: index into the batch to the row that stands for a record, and whether it shares its
            id with another one; those that were seen before the batch.
        uids_seen: indices of those whose uid was seen before the batch.
    """

    uids: NDArray[np.uint64]
    records: NDArray[np.uint64]
    rows: dict[int, tuple[int, bool]] = field(default_factory=dict)
    uids_seen: set[int] = field(default_factory=set)
    new_uids: dict[bytes, int] = field(default_factory=dict)
    new_records: dict[bytes, tuple[int, int, bool]] = field(default_factory=dict)

    def unique(self) -> NDArray[np.bool_]:
        """Whether each one's uid is neither another one's of the batch nor was seen before."""
        alone = ~twins(self.uids[:, 0])
        alone[list(self.uids_seen)] = False
        return alone

    def known(self, index: int) -> tuple[int, bool] | None:
        """The row that stands for a record, and whether it shares its id; None for a new one."""
        if index in self.rows:
            return self.rows[index]
        found = self.new_records.get(self.records[index].tobytes())
        return None if found is None else found[1:]

    def remember(self, index: int, row: int) -> bool:
        """Take a new record with the row that stands for it; whether its id was seen before."""
        uid = self.uids[index].tobytes()
        shares_id = index in self.uids_seen or uid in self.new_uids
        if not shares_id:
            self.new_uids[uid] = index
        self.new_records[self.records[index].tobytes()] = (index, row, shares_id)
        return shares_id


class RecordNames:
    """All records that were seen, in about 60 bytes a record."""

    def __init__(self) -> None:
        """Start empty."""
        self._uids = Table({"digest": (np.uint64, (2,))})
        self._records = Table(
            {"digest": (np.uint64, (2,)), "row": (np.int64, ()), "shares_id": (np.bool_, ())}
        )
        self._uid_postings = Postings()
        self._record_postings = Postings()
        self._saved = (0, 0)

    def look_up(self, uids: NDArray[np.uint64], records: NDArray[np.uint64]) -> NamedBatch:
        """Look a batch up by the digests of uids, and of uids with their inputs."""
        page = NamedBatch(uids, records)
        index, place = _find(self._record_postings, self._records, page.records)
        rows = self._records["row"][place].tolist()
        shares = self._records["shares_id"][place].tolist()
        page.rows = dict(zip(index, zip(rows, shares, strict=True), strict=True))
        page.uids_seen = set(_find(self._uid_postings, self._uids, page.uids)[0])
        return page

    def keep(self, page: NamedBatch, rows: NDArray[np.int64], plain: NDArray[np.bool_]) -> None:
        """Take up what is new in a batch.

        Args:
            page: the batch; what `remember` was told.
            rows: the row that stands for each of its records.
            plain: those that are new with a uid of their own, without `remember`.
        """
        told = list(page.new_records.values())
        index = np.array([index for index, _, _ in told], np.int64)
        alone = np.flatnonzero(plain)
        uids = np.array(list(page.new_uids.values()), np.int64)
        self._add_uids(page.uids[np.concatenate((alone, uids))])
        both = np.concatenate((alone, index))
        shares = np.zeros(len(both), np.bool_)
        shares[len(alone) :] = [shares_id for _, _, shares_id in told]
        self._add_records({"digest": page.records[both], "row": rows[both], "shares_id": shares})

    def take_unsaved(self) -> dict[str, NDArray[Any]]:
        """What was remembered since the last call, as arrays; `restore` takes them in order."""
        uids, records = self._saved
        arrays = {f"uids.{k}": v.copy() for k, v in self._uids.since(uids).items()}
        arrays |= {f"records.{k}": v.copy() for k, v in self._records.since(records).items()}
        self._saved = (len(self._uids), len(self._records))
        return arrays

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take up what `take_unsaved` gave before a restart."""
        self._add_uids(arrays["uids.digest"])
        self._add_records({name: arrays[f"records.{name}"] for name in self._records})
        self._saved = (len(self._uids), len(self._records))

    def _add_uids(self, found: NDArray[np.uint64]) -> None:
        first = len(self._uids)
        self._uids.extend({"digest": found})
        self._uid_postings.add(short_keys(found), _rows(first, len(found)))

    def _add_records(self, columns: dict[str, NDArray[Any]]) -> None:
        first, found = len(self._records), columns["digest"]
        self._records.extend(columns)
        self._record_postings.add(short_keys(found), _rows(first, len(found)))


def _rows(first: int, count: int) -> NDArray[np.uint32]:
    return np.arange(first, first + count, dtype=np.uint32)


def _find(
    postings: Postings, table: Table, wanted: NDArray[np.uint64]
) -> tuple[list[int], NDArray[np.int64]]:
    """The indices of the wanted digests that a table has, and their places in it."""
    index, place = postings.find(short_keys(wanted), _MOST_CANDIDATES)
    same = (table["digest"][place] == wanted[index]).all(axis=1)
    return index[same].tolist(), place[same]
