"""One run from its first line to its last, whatever happens in between."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
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
from sftsec_core.api.errors import (
    ConnectorUnavailableError,
    DiskFullError,
    LeaseLostError,
    RunActiveError,
    RunCancelledError,
    SftsecError,
    StoreMovedError,
    TrainingInterruptedError,
)
from sftsec_core.dataset.labelling.indicators import lists_of
from sftsec_core.operations.canaries import canary_digest
from sftsec_core.operations.stages import Stage, stage
from sftsec_core.operations.stopping import sigterm_interrupts, stop_interrupts
from sftsec_core.store.columns import utc_now
from sftsec_core.store.leases import Heartbeat
from sftsec_core.store.run_rows import CANCEL, CANCELLED, INTERRUPTED
from sftsec_core.store.runs import RunOrder

if TYPE_CHECKING:
    from sftsec_core.api.domain import TaskSpec
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.operations.context import Context
    from sftsec_core.store.runs import BegunRun

_POLL_S = 0.5
_WAITING = "run {} is under way or was killed a moment ago; waiting for its lease to end"


@dataclass(slots=True, kw_only=True)
class RecordedRun:
    """A run under way, and what it leaves behind.

    Attributes:
        status: how it is going to end, unless it fails.
        report_file: where the report lies, once it does.
    """

    info: RunInfo
    context: Context
    heartbeat: Heartbeat
    status: str = "succeeded"
    report_file: Path | None = field(default=None)

    def emit(self, event: Event) -> None:
        """Send an event, marked with the run and its task."""
        self.context.emit(replace(event, run=self.info.id, task=self.info.task))

    def note(self, text: str) -> None:
        """Send a message for a person."""
        self.emit(Message(text=text))

    @property
    def folder(self) -> Path:
        """The run's own folder, kept between a kill and the rerun."""
        return self.info.folder


@dataclass(slots=True, kw_only=True)
class Run(RecordedRun):
    """A run that works on a task.

    Attributes:
        report: the evaluation, once there is one.
        keeps: whether what it finds is kept; a dry run keeps nothing.
    """

    task: TaskSettings
    spec: TaskSpec
    report: EvalReport | None = None
    keeps: bool = True

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
    with _held(context, run_order(context, kind, name)) as (begun, heartbeat):
        run = Run(info=begun.info, context=context, heartbeat=heartbeat, task=task, spec=spec)
        with _recorded(run, begun):
            yield run


@contextmanager
def unrecorded(context: Context, kind: str, name: str) -> Iterator[Run]:
    """Look at a task as a run of a kind does, and leave nothing: no row, no file, no lease.

    Its folder is a temporary one, for functions that take a run; what is of a task goes nowhere.

    Raises:
        NotFoundError: when there is no such task.
    """
    task, spec = context.task(name), context.task_spec(name)
    heartbeat = Heartbeat("dry-run", context.settings.state.lease, lambda: None)
    with TemporaryDirectory(prefix="sftsec-dry-run-") as folder:
        info = RunInfo("dry-run", kind, name, "running", Path(folder), utc_now())
        yield Run(
            info=info, context=context, heartbeat=heartbeat, task=task, spec=spec, keeps=False
        )


@contextmanager
def recorded(
    context: Context, kind: str, task: str, settings: Mapping[str, Any]
) -> Iterator[RecordedRun]:
    """Record as a run what has no run of its own, as `running` does.

    Args:
        context: settings, store, registry, actor and event stream.
        kind: what is done.
        task: the task's name; "*" where it concerns no single one.
        settings: all that shapes it.

    Raises:
        RunActiveError: when another process runs this kind on this task.
        LeaseLostError: when another process took the run over.
    """
    with _held(context, RunOrder(kind, task, settings)) as (begun, heartbeat):
        run = RecordedRun(info=begun.info, context=context, heartbeat=heartbeat)
        with _recorded(run, begun):
            yield run


@contextmanager
def _held(context: Context, order: RunOrder) -> Iterator[tuple[BegunRun, Heartbeat]]:
    """Hold a run while the body works, and end the body when the run is to stop."""
    runs = context.store.runs
    begun = begin_run(context, order)
    run_id = begun.info.id
    try:
        with (
            sigterm_interrupts(),
            runs.heartbeat(run_id) as heartbeat,
            stop_interrupts(lambda: runs.stop_asked(run_id) is not None),
        ):
            yield begun, heartbeat
    finally:
        runs.let_go(run_id)


def begin_run(context: Context, order: RunOrder) -> BegunRun:
    """Begin or resume a run; wait for the lease of a killed one to end.

    The lease of a run that is alive is renewed meanwhile: then this one is refused. A process that
    a worker started takes up the run that the worker claimed.

    Raises:
        RunActiveError: when another process holds a run of this kind on this task.
        LeaseLostError: when the run that was claimed is another process's by now.
    """
    state, seen, claimed = context.settings.state, None, context.claimed
    if claimed is not None and (claimed.request.kind, claimed.request.task) == (
        order.kind,
        order.task,
    ):
        return context.store.runs.take_up(claimed, order, resume_within=state.resume_within)
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
    references), the enabled plugins with their versions, and the lists that it reads.
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
        "lists": {**lists_of(task.labelling_functions), **canary_digest(task)},
    }
    return RunOrder(kind, name, settings)


def _tell_begin(run: RecordedRun, begun: BegunRun) -> None:
    info, context = begun.info, run.context
    for run_id, reason in begun.abandoned:
        run.note(f"run {run_id} is not resumed: {reason}")
    context.store.audit.append(
        f"{info.kind}.started", info.task, {"run": info.id, "resumed": begun.resumed}
    )
    run.emit(RunStarted(kind=info.kind, resumed=begun.resumed))


@contextmanager
def _recorded(run: RecordedRun, begun: BegunRun) -> Iterator[None]:
    """Record how the body ends."""
    try:
        _tell_begin(run, begun)
        yield
    except (LeaseLostError, StoreMovedError):
        # The run is another process's or another store's now, and so is its end.
        raise
    except (KeyboardInterrupt, ConnectorUnavailableError, TrainingInterruptedError) as error:
        _record_interruption(run, error, str(error) or "interrupted")
        raise
    except Exception as error:
        full = DiskFullError.of(error)
        if full is not None:
            _record_interruption(run, full, str(full))
            raise full from error
        line = str(error) if isinstance(error, SftsecError) else f"{type(error).__name__}: {error}"
        _finish(run, "failed", error=" ".join(line.split()))
        raise
    _finish(run, run.status)


def _record_interruption(run: RecordedRun, error: BaseException, line: str) -> None:
    """Leave the run to be resumed: at once, by the queue, or not at all.

    Raises:
        RunCancelledError: when somebody asked for its end.
    """
    store, info = run.context.store, run.info
    if store.runs.stop_asked(info.id) == CANCEL:
        _finish(run, CANCELLED, error="it was cancelled")
        raise RunCancelledError(f"run {info.id} was cancelled") from error
    claimed, more = run.context.claimed, None
    if claimed is not None and isinstance(error, KeyboardInterrupt):
        more = store.queue.put_back(claimed.attempt)
    elif claimed is not None and claimed.attempt > claimed.request.retries:
        _finish(run, "failed", error=f"{line} (attempt {claimed.attempt}, the last)")
        return
    elif claimed is not None:
        more = store.queue.again(claimed.attempt)
    store.runs.interrupt(info.id, line, more)
    run.emit(RunFinished(kind=info.kind, status=INTERRUPTED, error=line))


def _finish(run: RecordedRun, status: str, error: str | None = None) -> None:
    context = run.context
    run.info = context.store.runs.finish(run.info.id, status, error=error, report=run.report_file)
    # Before the run's own entry, so that one of them seals what the run has pulled.
    context.store.verdict_chain.seal(context.store.audit)
    details = {"run": run.info.id, "status": status, **({"error": error} if error else {})}
    context.store.audit.append(f"{run.info.kind}.finished", run.info.task, details)
    report = str(run.report_file) if run.report_file else None
    run.emit(RunFinished(kind=run.info.kind, status=status, error=error, report=report))
