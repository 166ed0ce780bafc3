"""What carries out each kind of run that the queue knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sftsec_core.operations.adapt import adapt
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.check_drift import check_drift
from sftsec_core.operations.export_audit import export_audit
from sftsec_core.operations.remove_unused import remove_unused
from sftsec_core.operations.request_labels import request_labels
from sftsec_core.operations.retrain import retrain
from sftsec_core.operations.run_kinds import check_parameters, run_kind
from sftsec_core.operations.running import recorded
from sftsec_core.operations.score import score
from sftsec_core.operations.unused import UnusedOrder

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context

# Called with the context, the task and the kind's parameters.
JOBS: Mapping[str, Callable[[Context, str, Any], object]] = {
    "retrain": lambda context, task, p: retrain(
        context.with_budget(task, p.budget) if p.budget else context,
        task,
        promote=p.promote,
        force=p.force,
    ),
    "adapt": lambda context, task, p: adapt(context, task, p.budget),
    "score": lambda context, task, p: score(context, task, rescan=p.rescan),
    "dataset": lambda context, task, _: build_dataset(context, task),
    "request-labels": lambda context, task, p: request_labels(context, task, limit=p.limit),
    "drift": lambda context, task, _: check_drift(context, task),
    "audit-push": lambda context, _, p: export_audit(context, p.connector),
    "gc": lambda context, _, p: remove_unused(
        context, UnusedOrder(p.older_than, p.keep), remove=True
    ),
}


def run_job(context: Context) -> None:
    """Carry out the run that a worker claimed for this process, as its actor.

    Raises:
        SftsecError: one class for each kind of failure.
    """
    claimed = context.claimed
    assert claimed is not None  # noqa: S101 - a worker's process has one
    request = claimed.request
    kind, job = run_kind(request.kind), JOBS[request.kind]
    parameters = check_parameters(request.kind, request.parameters)
    if kind.records:
        job(context, request.task, parameters)
        return
    settings = {"parameters": parameters.model_dump(mode="json")}
    with recorded(context, request.kind, request.task, settings):
        job(context, request.task, parameters)
