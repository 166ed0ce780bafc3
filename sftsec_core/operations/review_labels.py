"""List the incidents that wait for a review: judged, and without a label or with a doubtful one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.dataset.label_summary import waiting_rows
from sftsec_core.dataset.resolve import find_review
from sftsec_core.dataset.sources import unscoped
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.label_summaries import label_summary
from sftsec_core.operations.label_suspects import waiting_suspects
from sftsec_core.operations.show_dataset import newest_dataset

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context


@dataclass(frozen=True, slots=True)
class WaitingIncident:
    """An incident without a label, or with one that looks wrong.

    Attributes:
        connector: where it is from.
        uid: as `labels add` takes it.
        reason: why the verdicts do not come to a label, or what makes it doubtful.
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
    """List incidents of the newest data set whose verdicts do not come to a label, then suspects.

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
    summary = label_summary(context, name, snapshot)
    rows = summary.waiting[:limit]
    if len(rows) < min(limit, summary.total):
        review = find_review(snapshot, task.labels, task.verdicts)
        rows = waiting_rows(snapshot, task.fields, review[:limit])
    suspects = waiting_suspects(context, name, snapshot)
    rows += waiting_rows(snapshot, task.fields, suspects[: limit - len(rows)])
    found = (
        WaitingIncident(
            *(unscoped(row.uid) if snapshot.connectors else (task.connectors[0], row.uid)),
            row.reason,
            row.verdicts,
            row.text,
        )
        for row in rows
    )
    return WaitingList(name, snapshot.digest, summary.total + len(suspects), tuple(found))
