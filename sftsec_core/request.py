"""Asking for labels: the unjudged incidents that the model in service is least sure of."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sftsec_core.pipeline.ingesting import window_of
from sftsec_core.progress import Listener, Silent
from sftsec_core.score import in_service, scorer_of
from sftsec_core.scoring.uncertain import Uncertain, most_uncertain

if TYPE_CHECKING:
    from sftsec_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """What was asked.

    Attributes:
        model: digest of the model that is not sure.
        wanted: the incidents, the least sure first.
        requested: how many of them the connector could ask for.
    """

    task: str
    model: str
    wanted: tuple[Uncertain, ...]
    requested: int

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def request_labels(
    workspace: Workspace,
    name: str,
    *,
    limit: int,
    dry_run: bool = False,
    listener: Listener | None = None,
) -> RequestOutcome:
    """Ask the analysts about the incidents that the model in service is least sure of.

    Args:
        workspace: the configuration with what it names.
        name: the task.
        limit: how many at most.
        dry_run: only find them.
        listener: who wants to know how it goes.

    Raises:
        NotInServiceError: when the task has no model in service.
        ConnectorError: when the connector cannot ask.
    """
    listener = listener or Silent()
    live = in_service(workspace, name)
    scorer, trained = scorer_of(workspace, name, workspace.registry.load(live))
    window = window_of(trained, datetime.now(UTC), labelled=False)
    listener.stage("score", f"with {live.digest[:12]} ({live.recipe})")
    with workspace.connector(trained.connector) as connector:
        wanted = most_uncertain(connector.pull(window), scorer, limit, listener.advance)
        requested = 0
        if not dry_run:
            requested = connector.request_labels([each.uid for each in wanted])
            details = {"model": live.digest, "wanted": len(wanted), "requested": requested}
            workspace.store.audit.append("labels.requested", name, details)
    return RequestOutcome(name, live.digest, tuple(wanted), requested)
