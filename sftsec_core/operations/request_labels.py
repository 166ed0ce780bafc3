"""Request labels: the unlabelled incidents that the live model is least certain of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.ingesting import window_of
from sftsec_core.operations.score import live_model, scorer_of
from sftsec_core.scoring.judged import judged_in_page
from sftsec_core.scoring.sampling import Uncertain, label_request, most_uncertain

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context


@dataclass(frozen=True, slots=True)
class LabelRequestResult:
    """What was requested.

    Attributes:
        model: digest of the model that is uncertain.
        wanted: the incidents, the least certain first.
        requested: how many of them the connector could ask for.
    """

    task: str
    model: str
    wanted: tuple[Uncertain, ...]
    requested: int

    def to_json(self) -> dict[str, Any]:
        """For `--json`; the events themselves stay where they are."""
        shown = ("uid", "label", "probability", "doubt", "text")
        return {
            "task": self.task,
            "model": self.model,
            "wanted": [{name: getattr(each, name) for name in shown} for each in self.wanted],
            "requested": self.requested,
        }


def request_labels(
    context: Context,
    name: str,
    *,
    limit: int,
    dry_run: bool = False,
) -> LabelRequestResult:
    """Ask the analysts for verdicts on the incidents that the live model is least certain of.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the task.
        limit: how many at most.
        dry_run: only find them.

    Raises:
        NoLiveModelError: when the task has no live model.
        ConnectorError: when the connector cannot ask.
    """
    authorize(context.actor, Permission.REQUEST_LABELS, name)
    live = live_model(context, name)
    scorer, trained = scorer_of(context, name, context.registry.load(live))
    window = window_of(trained, datetime.now(UTC), labelled=False)
    detail = f"with {live.digest[:12]} ({live.recipe})"
    with (
        context.stage("score", name, detail) as stage,
        context.connector(trained.connector) as connector,
    ):
        wanted = most_uncertain(
            connector.pull(window),
            scorer,
            limit,
            stage.progress,
            lambda page: judged_in_page(context.store, trained.connector, scorer.reading, page),
        )
        stage.counts["wanted"] = len(wanted)
        requested = 0
        if not dry_run:
            requests = [label_request(each, scorer) for each in wanted]
            requested = connector.request_labels(requests)
            details = {"model": live.digest, "wanted": len(wanted), "requested": requested}
            context.store.audit.append("labels.requested", name, details)
    return LabelRequestResult(name, live.digest, tuple(wanted), requested)
