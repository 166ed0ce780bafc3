"""What `labels stats` and `labels review` show of a data set, counted once when it is built."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter

from sftsec_core.dataset.snapshot import FIELD_PREFIX
from sftsec_core.dataset.verdict_stats import VerdictStats

if TYPE_CHECKING:
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.dataset.resolve import ReviewItem
    from sftsec_core.dataset.snapshot import Snapshot

KEPT = 1_000
_FORMAT = 1
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """An incident without a label.

    Attributes:
        uid: its row's, with the connector where there are several.
        reason: why the verdicts do not come to a label.
        verdicts: the words that were given, oldest first.
        text: the beginning of what the model reads, redacted; "" for a copy that is not kept.
    """

    uid: str
    reason: str
    verdicts: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class LabelSummary:
    """The verdicts of a data set as a task reads them.

    Attributes:
        key: names the data set and the settings that this was counted with (`summary_key`).
        stats: by word and by analyst.
        waiting: the first incidents for review, at most `KEPT`.
        total: how many there are.
        model: digest of the model that `live` is of; None before it was compared.
        live: an analyst's name to the rows that the live model read, and those it labels otherwise.
    """

    key: str
    stats: VerdictStats
    waiting: tuple[WaitingRow, ...]
    total: int
    model: str | None = None
    live: Mapping[str, tuple[int, int]] | None = None

    def compared(self, model: str, live: Mapping[str, tuple[int, int]]) -> LabelSummary:
        """The same with what a live model says."""
        return replace(self, model=model, live=live)


def summary_key(snapshot: Snapshot, task: TaskSettings) -> str:
    """Name what a summary depends on: the data set, and how the task reads its verdicts."""
    read = {
        "format": _FORMAT,
        "snapshot": snapshot.digest,
        "labels": {name: list(words) for name, words in task.labels.items()},
        "verdicts": task.verdicts.model_dump(mode="json"),
        "fields": list(task.fields),
    }
    return hashlib.sha256(orjson.dumps(read, option=orjson.OPT_SORT_KEYS)).hexdigest()


def summarise(
    snapshot: Snapshot, task: TaskSettings, review: Sequence[ReviewItem], stats: VerdictStats
) -> LabelSummary:
    """Summarise a data set.

    Args:
        snapshot: the data set.
        task: how its verdicts are read.
        review: what `resolve` sends to review.
        stats: of `verdict_stats`.
    """
    waiting = waiting_rows(snapshot, task.fields, review[:KEPT])
    return LabelSummary(summary_key(snapshot, task), stats, waiting, len(review))


def waiting_rows(
    snapshot: Snapshot, fields: Sequence[str], review: Sequence[ReviewItem]
) -> tuple[WaitingRow, ...]:
    """Add the words and the beginning of its text to each incident for review."""
    wanted = pa.array([item.uid for item in review], pa.string())
    texts, words = _texts(snapshot, fields, wanted), _words(snapshot, wanted)
    return tuple(
        WaitingRow(item.uid, item.reason, tuple(words.get(item.uid, ())), texts.get(item.uid, ""))
        for item in review
    )


def to_bytes(summary: LabelSummary) -> bytes:
    """Write a summary as JSON."""
    return _SUMMARY.dump_json(summary)


def from_bytes(raw: bytes) -> LabelSummary:
    """Read what `to_bytes` wrote.

    Raises:
        ValueError: when it is none.
    """
    return _SUMMARY.validate_json(raw)


_SUMMARY = TypeAdapter(LabelSummary)


def _texts(snapshot: Snapshot, fields: Sequence[str], wanted: pa.Array) -> dict[str, str]:
    found: dict[str, str] = {}
    for batch in snapshot.batches(["uid", *(FIELD_PREFIX + name for name in fields)]):
        for row in batch.filter(pc.is_in(batch["uid"], wanted)).to_pylist():
            values = (row[FIELD_PREFIX + name] for name in fields)
            text = " ".join(" ".join(str(value).split()) for value in values if value is not None)
            found[row["uid"]] = text[:_LONGEST]
    return found


def _words(snapshot: Snapshot, wanted: pa.Array) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for batch in snapshot.verdict_batches():
        mine = batch.filter(pc.is_in(batch["uid"], wanted))
        for uid, value in zip(mine["uid"].to_pylist(), mine["value"].to_pylist(), strict=True):
            found.setdefault(uid, []).append(value)
    return found
