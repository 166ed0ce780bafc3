"""Retraining: from the SIEM's incidents to a model that may go live."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Message, Permission
from sftsec_core.operations.approvals import approval_state, takes_people
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.canaries import check_canaries
from sftsec_core.operations.drift_reference import keep_reference
from sftsec_core.operations.fitting import fit_all
from sftsec_core.operations.ingesting import ingest_snapshot
from sftsec_core.operations.preflight import check_encoders, check_labelling, check_requirements
from sftsec_core.operations.proposing import (
    promote_proposed,
    propose,
    recall,
    register,
    votes_json,
)
from sftsec_core.operations.running import running
from sftsec_core.operations.training_data import training_data
from sftsec_core.operations.training_device import training_device
from sftsec_core.operations.unchanged import same_as_live

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.api.domain import Decision, EvalReport, ModelRef, RunInfo
    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.proposing import Proposed
    from sftsec_core.operations.running import Run

_PROMOTE = "sftsec model promote {task}@candidate"


@dataclass(frozen=True, slots=True)
class RetrainResult:
    """The result of a retraining run.

    Attributes:
        unchanged: nothing was made, since no verdict is new: the model is the live one, with the
            report and the decision of the run that made it.
    """

    run: RunInfo
    report: EvalReport
    decision: Decision
    model: ModelRef
    promoted: bool
    report_file: Path
    unchanged: bool = False

    def to_json(self) -> dict[str, Any]:
        """For `--json`: metrics, votes, and where the report is."""
        models = [self.report.candidate, *self.report.others.values()]
        return {
            "run": self.run.id,
            "task": self.run.task,
            "status": self.run.status,
            "model": {"digest": self.model.digest, "recipe": self.model.recipe},
            "approved": self.decision.approved,
            "promoted": self.promoted,
            "unchanged": self.unchanged,
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
    context: Context, name: str, *, promote: bool = True, force: bool = False, full: bool = False
) -> RetrainResult:
    """Train a new model for a task and, if the promotion gate approves, make it the live one.

    Where the live model was made of the same data by the same settings, nothing is made.

    Every stage leaves its result in the run's folder: a run that was killed resumes where it
    stopped when this is called again and nothing that shaped it has changed.

    Where a model must be signed and there is no `registry.sign_key`, an approved one waits for a
    person to sign and promote it; where `registry.promotion` asks for people, for their approvals.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the task.
        promote: False stops at the gate's decision.
        force: train also when no verdict is new.
        full: pull and clean everything again, also what did not change since the last pull.

    Raises:
        SftsecError: one class for each kind of failure; nothing is half-promoted.
    """
    authorize(context.actor, Permission.RETRAIN, name)
    if promote:
        authorize(context.actor, Permission.PROMOTE, name)
    check_requirements(context.task(name), context.plugins)
    check_labelling(context.task(name), context.file, name)
    check_encoders(context.task(name), context.plugins, context.file, name)
    check_canaries(context.task(name), context.plugins, context.file, name)
    context.registry.signatures.check_keys()
    with running(context, "retrain", name) as run:
        proposed = recall(run)
        if proposed is None:
            snapshot = ingest_snapshot(run, full=full)
            live = None if force else same_as_live(run, snapshot.digest)
            if live is not None:
                return _unchanged(run, live)
            proposed = _train(run, snapshot)
        # The same model again, of data that hold nothing of what was forgotten, is not outdated.
        context.store.erasures.clear(proposed.model.digest)
        approved = proposed.decision.approved
        if approved and promote and context.registry.signatures.signed_by_hand:
            run.emit(Message(text=_sign_first(name), level="warning"))
            promote = False
        elif approved and promote and takes_people(context):
            state = approval_state(context, proposed.model)
            text = f"the gate approves the model, which needs {state.lacking}: {_PROMOTE}"
            run.emit(Message(text=text.format(task=name), level="warning"))
            promote = False
        model = promote_proposed(run, proposed) if approved and promote else proposed.model
        run.status = "succeeded" if approved else "refused"
    return RetrainResult(
        run.info,
        proposed.report,
        proposed.decision,
        model,
        approved and promote,
        run.report_file or run.folder,
    )


def _sign_first(task: str) -> str:
    return (
        "the model is approved and has to be signed before it may be live: "
        f"sftsec model sign {task}@candidate --key REFERENCE, then " + _PROMOTE.format(task=task)
    )


def _train(run: Run, snapshot: Snapshot) -> Proposed:
    dataset = training_data(run, snapshot)
    # What is evaluated computes on the same device, so the lease lasts until that is done.
    with training_device(run) as device:
        fits = fit_all(run, replace(dataset.split, train=dataset.train), device)
        proposal = propose(run, fits, dataset, device)
    keep_reference(run, proposal, dataset.split)
    return register(run, proposal, snapshot.digest, dataset.steps)


def _unchanged(run: Run, live: Proposed) -> RetrainResult:
    made_by = run.context.store.runs.get(live.model.run_id)
    run.report_file = run.context.store.runs.report(made_by.id)
    file = run.report_file or made_by.folder
    return RetrainResult(
        run.info, live.report, live.decision, live.model, False, file, unchanged=True
    )
