"""One run from its first line to its last, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import (
    EvalReport,
    Event,
    Message,
    RunFinished,
    RunInfo,
    RunStarted,
    TrainingStep,
)
from sftsec_core.api.errors import ConnectorUnavailableError, SftsecError
from sftsec_core.operations.stages import Stage, stage

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.api.domain import TaskSpec
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.operations.context import Context


@dataclass(slots=True)
class Run:
    """A run under way: what it works on, and what it leaves behind.

    Attributes:
        status: how it is going to end, unless it fails.
        report: the evaluation, once there is one.
        report_file: where the report lies, once it does.
    """

    info: RunInfo
    context: Context
    task: TaskSettings
    spec: TaskSpec
    status: str = "succeeded"
    report: EvalReport | None = None
    report_file: Path | None = field(default=None)

    def emit(self, event: Event) -> None:
        """Send an event, marked with the run and its task."""
        self.context.emit(replace(event, run=self.info.id, task=self.info.task))

    def note(self, text: str) -> None:
        """Send a message for a person."""
        self.emit(Message(text=text))

    def log_step(self, recipe: str, step: int, values: Mapping[str, float]) -> None:
        """Send the figures of a training step."""
        self.context.plugins.step_logged(self.info, step, values)
        self.emit(TrainingStep(recipe=recipe, step=step, values=dict(values)))

    def stage(self, name: str, detail: str = "") -> AbstractContextManager[Stage]:
        """Emit the beginning and the end of a stage around the body."""
        return stage(self.emit, name, detail)

    @property
    def folder(self) -> Path:
        """The run's own folder, kept between a kill and the rerun."""
        return self.info.folder


@contextmanager
def running(context: Context, kind: str, name: str) -> Iterator[Run]:
    """Record a run, or resume the one that a kill left behind; record how it ends.

    An interruption (a kill, Ctrl-C, a connection that did not come back) leaves it to be
    resumed; any other error ends it as failed.

    Raises:
        NotFoundError: when there is no such task.
        StoreError: when another process runs this kind on this task.
    """
    task, spec = context.task(name), context.task_spec(name)
    runs = context.store.runs
    settings: Mapping[str, Any] = task.model_dump(mode="json")
    info = runs.resume(kind, name, settings)
    resumed = info is not None
    info = info or runs.create(kind, name, context.folder / "runs", settings)
    run = Run(info, context, task, spec)
    context.store.audit.append(f"{kind}.started", name, {"run": info.id})
    run.emit(RunStarted(kind=kind, resumed=resumed))
    context.plugins.run_started(info)
    try:
        with runs.heartbeat(info.id):
            yield run
    except (KeyboardInterrupt, ConnectorUnavailableError) as error:
        line = str(error) or "interrupted"
        runs.interrupt(info.id, line)
        run.emit(RunFinished(kind=kind, status="interrupted", error=line))
        raise
    except Exception as error:
        line = str(error) if isinstance(error, SftsecError) else f"{type(error).__name__}: {error}"
        _finish(run, "failed", error=" ".join(line.split()))
        raise
    _finish(run, run.status)


def _finish(run: Run, status: str, error: str | None = None) -> None:
    context = run.context
    run.info = context.store.runs.finish(run.info.id, status, error=error, report=run.report_file)
    details = {"run": run.info.id, "status": status, **({"error": error} if error else {})}
    context.store.audit.append(f"{run.info.kind}.finished", run.info.task, details)
    context.plugins.run_finished(run.info, run.report)
    report = str(run.report_file) if run.report_file else None
    run.emit(RunFinished(kind=run.info.kind, status=status, error=error, report=report))
