"""Push again what was delivered, for a destination that has lost it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.running import running
from sftsec_core.operations.score import deliver_pending
from sftsec_core.scoring.delivery import DeliveryCounts

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context


@dataclass(frozen=True, slots=True)
class RedeliverResult:
    """The result of delivering again.

    Attributes:
        reopened: detections that had been delivered and were pushed again.
        delivered: what the destination did with them, and with those that were pending.
    """

    run: str
    reopened: int
    delivered: DeliveryCounts

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "run": self.run,
            "reopened": self.reopened,
            "delivered": asdict(self.delivered),
        }


def redeliver(context: Context, name: str) -> RedeliverResult:
    """Push all that the task ever delivered again, under the same uids; nothing is scored.

    What the destination still has is a duplicate there. What it rejected stays rejected. Killed
    at any point, the next `score` delivers the rest.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the task.

    Raises:
        NotFoundError: when there is no such task.
        ConnectorUnavailableError: when the connection was lost; the rest waits in the outbox.
    """
    authorize(context.actor, Permission.SCORE, name)
    store = context.store
    with running(context, "score", name) as run:
        reopened = 0
        for connector in run.task.destinations:
            with store.writing() as connection:
                count = store.outbox.reopen(connector, name, joined=connection)
                details = {"count": count, "run": run.info.id}
                target = f"{name}/{connector}"
                store.audit.append("detections.reopened", target, details, joined=connection)
            reopened += count
        delivered = reduce(DeliveryCounts.plus, deliver_pending(run).values())
    return RedeliverResult(run.info.id, reopened, delivered)
