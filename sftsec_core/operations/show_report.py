"""Show the report of a run: the figures of its models, and what the promotion gate said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import NotFoundError, SftsecError
from sftsec_core.evaluation.report.json import from_json
from sftsec_core.operations.authorize import authorize_some
from sftsec_core.operations.list_runs import seen_runs
from sftsec_core.operations.show_run import ShownRun, show_run
from sftsec_core.registry.card import decision_of

if TYPE_CHECKING:
    from sftsec_core.api.domain import Decision, EvalReport, ModelRef
    from sftsec_core.operations.context import Context

_NAMES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ShownReport:
    """A run with its report.

    Attributes:
        shown: the run, and its report as JSON values.
        figures: the report; None where the run wrote none.
        model: the model that was reported on; None where there is none, or it is gone.
        decision: the gate's on that model; None where it is not known.
        error: why the model's card, which holds the decision, cannot be read.
    """

    shown: ShownRun
    figures: EvalReport | None
    model: ModelRef | None
    decision: Decision | None
    error: str | None = None


def show_report(context: Context, name: str | None = None, task: str | None = None) -> ShownReport:
    """Find a run and read its report.

    Args:
        context: settings, store, registry, actor and event stream.
        name: a task, for its newest retraining run; else a run's id or the beginning of one. None
            for the newest retraining run.
        task: only this task's newest.

    Raises:
        NotFoundError: when there is no such run, or it is of another task.
        IntegrityError: when the report is damaged, or of a version that is not read.
    """
    authorize_some(context.actor, Permission.READ, task)
    shown = _find(context, name, task)
    file = shown.report
    json_file = file.with_suffix(".json") if file else None
    if file is None or json_file is None or not json_file.exists():
        return ShownReport(shown, None, None, None)
    figures = from_json(json_file.read_text(encoding="utf-8"))
    # Where no verdict was new, the report is that of the run that made the live model.
    made_by = file.parent.name
    model = _model_of(context, made_by, shown.info.task)
    if model is None:
        return ShownReport(shown, figures, None, None)
    try:
        decision = decision_of(context.registry.card(model, made_by))
    except (SftsecError, OSError) as error:  # the figures are there nevertheless
        return ShownReport(shown, figures, model, None, str(error))
    return ShownReport(shown, figures, model, decision)


def _find(context: Context, name: str | None, task: str | None) -> ShownRun:
    if name is None or name in context.settings.tasks:
        return show_run(context, task=name or task)
    try:
        found = show_run(context, name)
    except NotFoundError as error:
        newest = (run.id for run in seen_runs(context, None, None, _NAMES_SHOWN))
        known = (*context.settings.tasks, *newest)
        raise NotFoundError("task or run", name, known) from error
    if task is not None and found.info.task != task:
        raise NotFoundError(f"run of task {task!r}", name, ())
    return found


def _model_of(context: Context, run_id: str, task: str) -> ModelRef | None:
    for ref in context.registry.models(task):
        if any(made.run_id == run_id for made in context.registry.runs(ref)):
            return ref
    return None
