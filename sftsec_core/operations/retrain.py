"""The pipeline: from the SIEM's incidents to a model that may go into service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.fitting import fit_all
from sftsec_core.operations.ingesting import ingest_snapshot
from sftsec_core.operations.preflight import check_requirements
from sftsec_core.operations.progress import Listener, Silent
from sftsec_core.operations.proposing import promote as put_in_service
from sftsec_core.operations.proposing import propose, recall, register, votes_json
from sftsec_core.operations.running import running

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.api.domain import Decision, EvalReport, ModelRef, RunInfo
    from sftsec_core.operations.context import Context


@dataclass(frozen=True, slots=True)
class RetrainResult:
    """What a retraining run came to."""

    run: RunInfo
    report: EvalReport
    decision: Decision
    model: ModelRef
    promoted: bool
    report_file: Path

    def to_json(self) -> dict[str, Any]:
        """For `--json`: figures with their intervals, votes, and where everything lies."""
        models = [self.report.candidate, *self.report.others.values()]
        return {
            "run": self.run.id,
            "task": self.run.task,
            "status": self.run.status,
            "model": {"digest": self.model.digest, "recipe": self.model.recipe},
            "approved": self.decision.approved,
            "promoted": self.promoted,
            "votes": list(votes_json(self.decision.votes)),
            "metrics": {
                scores.name: {name: figure.value for name, figure in scores.metrics.items()}
                for scores in models
            },
            "threshold": self.report.candidate.threshold.value,
            "data": dict(self.report.data),
            "report": str(self.report_file),
        }


def retrain(
    context: Context, name: str, *, promote: bool = True, listener: Listener | None = None
) -> RetrainResult:
    """Make a new model for a task and, if the gate approves, put it in service.

    Every stage leaves what it made in the run's folder: a run that was killed goes on where it
    stopped when this is called again with the same settings.

    Args:
        context: the configuration with what it names.
        name: the task.
        promote: False stops at the gate's decision.
        listener: who wants to know how it goes.

    Raises:
        SftsecError: one class for each kind of failure; nothing is half-promoted.
    """
    with running(context, "retrain", name, listener or Silent()) as run:
        check_requirements(run.task, context.plugins)
        proposed = recall(run)
        if proposed is None:
            snapshot = ingest_snapshot(run)
            dataset = build_dataset(run, snapshot)
            fits = fit_all(run, dataset.split)
            proposal = propose(run, fits, dataset.split, dataset.data, dataset.leaks)
            proposed = register(run, proposal, snapshot.digest, dataset.steps)
        approved = proposed.decision.approved
        model = put_in_service(run, proposed) if approved and promote else proposed.model
        run.status = "succeeded" if approved else "refused"
    return RetrainResult(
        run.info,
        proposed.report,
        proposed.decision,
        model,
        approved and promote,
        run.report_file or run.folder,
    )
