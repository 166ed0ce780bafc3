"""Count a task's verdicts by word and by analyst, as of its newest data set."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.dataset.verdict_stats import VerdictStats, verdict_stats
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.show_dataset import newest_dataset

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context


@dataclass(frozen=True, slots=True)
class LabelStats:
    """The verdicts of one task's newest data set.

    Attributes:
        snapshot: digest of the data set.
    """

    task: str
    snapshot: str
    stats: VerdictStats

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {"task": self.task, "snapshot": self.snapshot, **asdict(self.stats)}


def label_stats(context: Context, name: str) -> LabelStats:
    """Count the verdicts of a task's newest data set; older ones that changed do not count.

    Raises:
        NotFoundError: when there is no such task.
        DataError: when it has no data set yet.
    """
    authorize(context.actor, Permission.READ, name)
    task, snapshot = context.task(name), newest_dataset(context, name)
    return LabelStats(name, snapshot.digest, verdict_stats(snapshot, task.labels, task.verdicts))
