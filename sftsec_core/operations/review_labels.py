"""List the incidents that wait for a review: judged, and yet without a label."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from sftsec_core.api.domain import Permission
from sftsec_core.dataset.resolve import resolve
from sftsec_core.dataset.snapshot import FIELD_PREFIX
from sftsec_core.dataset.sources import unscoped
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.show_dataset import newest_dataset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.operations.context import Context

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class WaitingIncident:
    """An incident without a label.

    Attributes:
        connector: where it is from.
        uid: as `labels add` takes it.
        reason: why the verdicts do not come to a label.
        verdicts: the words that were given, oldest first.
        text: the beginning of what the model reads, redacted; "" for a copy that is not kept.
    """

    connector: str
    uid: str
    reason: str
    verdicts: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class WaitingList:
    """The incidents of a task's newest data set that wait for a review.

    Attributes:
        total: how many there are; `incidents` may be fewer.
    """

    task: str
    snapshot: str
    total: int
    incidents: tuple[WaitingIncident, ...]

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def review_labels(context: Context, name: str, *, limit: int = 50) -> WaitingList:
    """List incidents of the newest data set whose verdicts do not come to a label.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the task.
        limit: how many at most.

    Raises:
        NotFoundError: when there is no such task.
        DataError: when it has no data set yet.
    """
    authorize(context.actor, Permission.READ, name)
    task, snapshot = context.task(name), newest_dataset(context, name)
    review = resolve(snapshot, task.labels, task.verdicts).review
    shown = review[:limit]
    texts = _texts(snapshot, task.fields, [item.uid for item in shown])
    words = _words(snapshot, [item.uid for item in shown])
    found = (
        WaitingIncident(
            *(unscoped(item.uid) if snapshot.connectors else (task.connectors[0], item.uid)),
            item.reason,
            tuple(words.get(item.uid, ())),
            texts.get(item.uid, ""),
        )
        for item in shown
    )
    return WaitingList(name, snapshot.digest, len(review), tuple(found))


def _texts(snapshot: Snapshot, fields: Sequence[str], uids: Sequence[str]) -> dict[str, str]:
    wanted, found = pa.array(uids, pa.string()), dict[str, str]()
    for batch in snapshot.batches(["uid", *(FIELD_PREFIX + name for name in fields)]):
        for row in batch.filter(pc.is_in(batch["uid"], wanted)).to_pylist():
            values = (row[FIELD_PREFIX + name] for name in fields)
            text = " ".join(" ".join(str(value).split()) for value in values if value is not None)
            found[row["uid"]] = text[:_LONGEST]
    return found


def _words(snapshot: Snapshot, uids: Sequence[str]) -> dict[str, list[str]]:
    verdicts, found = snapshot.verdicts(), dict[str, list[str]]()
    mine = verdicts.filter(pc.is_in(verdicts["uid"], pa.array(uids, pa.string())))
    for uid, value in zip(mine["uid"].to_pylist(), mine["value"].to_pylist(), strict=True):
        found.setdefault(uid, []).append(value)
    return found
