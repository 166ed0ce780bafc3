"""One run from its first line to its last, whatever happens in between."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sftsec_core.api.domain import (
    EvalReport,
    Event,
    Message,
    RunFinished,
    RunInfo,
    RunStarted,
    TrainingStep,
)
from sftsec_core.api.errors import (
    ConnectorUnavailableError,
    DiskFullError,
    LeaseLostError,
    RunActiveError,
    SftsecError,
    StoreMovedError,
    TrainingInterruptedError,
)
from sftsec_core.operations.stages import Stage, stage
from sftsec_core.store.runs import RunOrder

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.api.domain import TaskSpec
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.operations.context import Context
    from sftsec_core.store.leases import Heartbeat
    from sftsec_core.store.runs import BegunRun

_POLL_S = 0.5
_WAITING = "run {} is under way or was killed a moment ago; waiting for its lease to end"


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
    heartbeat: Heartbeat
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
        self.emit(TrainingStep(recipe=recipe, step=step, values=dict(values)))

    def stage(self, name: str, detail: str = "") -> AbstractContextManager[Stage]:
        """Emit the beginning and the end of a stage around the body.

        Raises:
            LeaseLostError: when another process has taken the run over.
        """
        self.heartbeat.check()
        return stage(self.emit, name, detail)

    @property
    def folder(self) -> Path:
        """The run's own folder, kept between a kill and the rerun."""
        return self.info.folder


@contextmanager
def running(context: Context, kind: str, name: str) -> Iterator[Run]:
    """Record a run, or resume the one that was interrupted; record how it ends.

    An interruption (a kill, Ctrl-C, a connection that did not come back, a full disk) leaves it to
    be resumed; any other error ends it as failed. It is resumed only when all that shaped it is the
    same (`run_order`) and it was interrupted within `state.resume_within`.

    Raises:
        NotFoundError: when there is no such task.
        RunActiveError: when another process runs this kind on this task.
        LeaseLostError: when another process took the run over.
    """
    task, spec = context.task(name), context.task_spec(name)
    runs = context.store.runs
    begun = begin_run(context, run_order(context, kind, name))
    info = begun.info
    with sigterm_interrupts(), runs.heartbeat(info.id) as heartbeat:
        run = Run(info, context, task, spec, heartbeat)
        _tell_begin(run, begun)
        with _recorded(run):
            yield run


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Let SIGTERM end the body as Ctrl-C does: children are ended, the run can be resumed."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set a handler
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt("SIGTERM")


def begin_run(context: Context, order: RunOrder) -> BegunRun:
    """Begin or resume a run; wait for the lease of a killed one to end.

    The lease of a run that is alive is renewed meanwhile: then this one is refused.

    Raises:
        RunActiveError: when another process holds a run of this kind on this task.
    """
    state, seen = context.settings.state, None
    while True:
        try:
            return context.store.runs.begin(
                order, context.folder / "runs", resume_within=state.resume_within
            )
        except RunActiveError as error:
            beat = (error.run_id, error.heartbeat_at)
            if error.run_id is None or (seen is not None and beat != seen):
                raise
            if seen is None:
                context.emit(Message(task=order.task, text=_WAITING.format(error.run_id)))
            seen = beat
            time.sleep(min(_POLL_S, state.lease.total_seconds() / 10))


def run_order(context: Context, kind: str, name: str) -> RunOrder:
    """All that shapes a run: a run is resumed only when nothing of it has changed.

    The task with its steps and renderer, its connectors with their options (secrets as
    references) and the enabled plugins with their versions.
    """
    task = context.task(name)
    settings = {
        "task": task.model_dump(mode="json"),
        "connectors": {
            each: {
                "type": context.settings.connectors[each].type,
                **context.connector_config(each).model_dump(mode="json"),
            }
            for each in sorted({*task.connectors, *task.destinations})
        },
        "plugins": context.plugins.versions(),
    }
    return RunOrder(kind, name, settings)


def _tell_begin(run: Run, begun: BegunRun) -> None:
    info, context = begun.info, run.context
    for run_id, reason in begun.abandoned:
        run.note(f"run {run_id} is not resumed: {reason}")
    context.store.audit.append(
        f"{info.kind}.started", info.task, {"run": info.id, "resumed": begun.resumed}
    )
    run.emit(RunStarted(kind=info.kind, resumed=begun.resumed))


@contextmanager
def _recorded(run: Run) -> Iterator[None]:
    """Record how the body ends."""
    runs, info = run.context.store.runs, run.info
    try:
        yield
    except (LeaseLostError, StoreMovedError):
        # The run is another process's or another store's now, and so is its end.
        raise
    except (KeyboardInterrupt, ConnectorUnavailableError, TrainingInterruptedError) as error:
        line = str(error) or "interrupted"
        runs.interrupt(info.id, line)
        run.emit(RunFinished(kind=info.kind, status="interrupted", error=line))
        raise
    except Exception as error:
        full = DiskFullError.of(error)
        if full is not None:
            runs.interrupt(info.id, str(full))
            run.emit(RunFinished(kind=info.kind, status="interrupted", error=str(full)))
            raise full from error
        line = str(error) if isinstance(error, SftsecError) else f"{type(error).__name__}: {error}"
        _finish(run, "failed", error=" ".join(line.split()))
        raise
    _finish(run, run.status)


def _finish(run: Run, status: str, error: str | None = None) -> None:
    context = run.context
    run.info = context.store.runs.finish(run.info.id, status, error=error, report=run.report_file)
    # Before the run's own entry, so that one of them seals what the run has pulled.
    context.store.verdict_chain.seal(context.store.audit)
    details = {"run": run.info.id, "status": status, **({"error": error} if error else {})}
    context.store.audit.append(f"{run.info.kind}.finished", run.info.task, details)
    report = str(run.report_file) if run.report_file else None
    run.emit(RunFinished(kind=run.info.kind, status=status, error=error, report=report))
