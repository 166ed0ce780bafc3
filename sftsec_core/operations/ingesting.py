"""From the task's connector to a snapshot, going on behind the last page after a kill."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from sftsec_core.api.domain import IncidentPage, PullWindow
from sftsec_core.dataset.features import renderer
from sftsec_core.dataset.ingest import IngestPlan, PageSummary, ingest, resume_cursor
from sftsec_core.dataset.snapshot import Snapshot, open_snapshot
from sftsec_core.dataset.steps import build_steps
from sftsec_core.sdk.atomic import write_atomically

if TYPE_CHECKING:
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.operations.running import Run

_DONE = "snapshot"


def fields_of(task: TaskSettings) -> tuple[str, ...]:
    """The fields of an incident that the task has any use for: no other is kept."""
    group = (task.group,) if task.group else ()
    return tuple(dict.fromkeys((*task.text, *task.keep, *group)))


def window_of(task: TaskSettings, now: datetime, *, labelled: bool) -> PullWindow:
    """What to pull: as far back as the task says, counted from the run's own start."""
    since = now - task.window if task.window else None
    return PullWindow(since=since, labelled=labelled, text_fields=fields_of(task))


def ingest_snapshot(run: Run) -> Snapshot:
    """Pull the task's judged incidents into a snapshot; a rerun takes the one that is there.

    Raises:
        ConnectorUnavailableError: when a lost connection did not come back; the run is
            interrupted and goes on from its cursor.
    """
    snapshots = run.context.folder / "snapshots"
    done = run.folder / _DONE
    run.listener.stage("pull", f"from {run.task.connector}")
    if done.is_file():
        snapshot = open_snapshot(snapshots / done.read_text("ascii"))
        run.listener.note(f"{'':<10} snapshot {snapshot.digest[:12]} is there already")
        return snapshot
    snapshot = _pull_into_snapshot(run)
    write_atomically(done, snapshot.digest.encode())
    counts = snapshot.counts
    run.context.store.snapshots.add(
        run.spec.name,
        snapshot.digest,
        snapshot.folder,
        rows=counts["kept"],
        manifest=snapshot.manifest,
        run_id=run.info.id,
    )
    shown = ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in counts.items() if n)
    run.listener.note(f"{'':<10} {shown}")
    for step, found in snapshot.manifest["step_counts"].items():
        if found:
            shown = ", ".join(f"{kind} {n:,}" for kind, n in found.items())
            run.listener.note(f"{'':<10} {step}: {shown}")
    return snapshot


def _pull_into_snapshot(run: Run) -> Snapshot:
    context, task = run.context, run.task
    plan = IngestPlan(
        fields=fields_of(task),
        group_field=task.group,
        steps=build_steps(task, context.plugins, context.step_context(run.spec.name)),
        dedupe=task.dedupe,
        render=renderer(run.spec, task.render, context.plugins),
    )
    work = run.folder / "ingest"
    window = window_of(task, run.info.started_at, labelled=True)
    with context.connector(task.connector) as connector:
        pages = connector.pull(window, cursor=resume_cursor(work))
        return ingest(
            _told(run, pages),
            plan,
            folder=work,
            snapshots=context.folder / "snapshots",
            on_page=lambda page: _keep_beside(run, page),
        )


def _told(run: Run, pages: Iterator[IncidentPage]) -> Iterator[IncidentPage]:
    done = 0
    for page in pages:
        yield page
        done += len(page.incidents)
        run.listener.advance(done)


def _keep_beside(run: Run, page: PageSummary) -> None:
    """Keep what does not go into the snapshot; a page that is seen twice changes nothing."""
    store, connector = run.context.store, run.task.connector
    store.quarantine.add(connector, page.rejected, run_id=run.info.id)
    store.verdicts.add(connector, page.judged, run_id=run.info.id)
