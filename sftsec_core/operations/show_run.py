"""Show how a run ended, with its report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission, RunInfo
from sftsec_core.api.errors import NotFoundError
from sftsec_core.operations.authorize import authorize, authorize_some
from sftsec_core.operations.list_runs import seen_runs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sftsec_core.operations.context import Context


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run with its report.

    Attributes:
        report: the HTML file; None where the run wrote none.
        evaluation: the report as JSON values.
    """

    info: RunInfo
    report: Path | None
    evaluation: Mapping[str, Any] | None


def show_run(context: Context, run: str | None = None, *, task: str | None = None) -> ShownRun:
    """Find a run: by its id or the beginning of it, or the newest retraining run.

    Args:
        context: settings, store, registry, actor and event stream.
        run: the id; None for the newest.
        task: only this task's newest.

    Raises:
        NotFoundError: when there is no such run.
    """
    authorize_some(context.actor, Permission.READ, task)
    runs = context.store.runs
    newest = [] if run else seen_runs(context, task, "retrain", 1)
    if run is None and not newest:
        raise NotFoundError("run of task", task or "any", ())
    info = runs.get(run) if run else newest[0]
    authorize(context.actor, Permission.READ, info.task)
    file = runs.report(info.id)
    return ShownRun(info, file, _evaluation(file))


def _evaluation(file: Path | None) -> Mapping[str, Any] | None:
    if file is None or not file.with_suffix(".json").exists():
        return None
    body: dict[str, Any] = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    return body
