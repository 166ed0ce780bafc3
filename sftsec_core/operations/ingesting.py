"""From the task's connector to a snapshot; a resumed run continues after the last page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from sftsec_core.api.domain import IncidentPage, Message, PullWindow
from sftsec_core.dataset.features import field_kinds, renderer
from sftsec_core.dataset.ingest import IngestPlan, PageSummary, ingest, resume_cursor
from sftsec_core.dataset.reading import reading_digest
from sftsec_core.dataset.snapshot import Snapshot, open_snapshot
from sftsec_core.dataset.steps import build_steps
from sftsec_core.sdk.atomic import write_atomically

if TYPE_CHECKING:
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.operations.running import Run
    from sftsec_core.operations.stages import Stage

_DONE = "snapshot"


def window_of(task: TaskSettings, now: datetime, *, labelled: bool) -> PullWindow:
    """What to pull: as far back as the task says, counted from the run's own start."""
    since = now - task.window if task.window else None
    return PullWindow(since=since, labelled=labelled, fields=task.fields, required=task.read_fields)


def ingest_snapshot(run: Run) -> Snapshot:
    """Pull the task's labelled incidents into a snapshot; a resumed run takes the one it made.

    Raises:
        ConnectorUnavailableError: when a lost connection did not come back; the run is
            interrupted and resumes from its cursor.
    """
    snapshots = run.context.folder / "snapshots"
    done = run.folder / _DONE
    if done.is_file():
        snapshot = open_snapshot(snapshots / done.read_text("ascii"))
        run.note(f"the interrupted run has pulled snapshot {snapshot.digest[:12]} already")
        return snapshot
    with run.stage("pull", f"from {run.task.connector}") as stage:
        snapshot = _pull_into_snapshot(run, stage)
        stage.counts |= _counts(snapshot)
        _warn_of_shared_ids(run, snapshot)
    write_atomically(done, snapshot.digest.encode())
    run.context.store.snapshots.add(
        run.spec.name,
        snapshot.digest,
        snapshot.folder,
        rows=snapshot.counts["kept"],
        manifest=snapshot.manifest,
        run_id=run.info.id,
    )
    return snapshot


def _warn_of_shared_ids(run: Run, snapshot: Snapshot) -> None:
    count = snapshot.counts["sharing_an_id"]
    if count:
        share = "1 record shares its" if count == 1 else f"{count:,} records share their"
        text = (
            f"{share} id with a record of another text: they are kept "
            "apart, each with its own verdicts. Where ids begin again in each export, or are "
            f"unique within a host only, name several fields as the id of {run.task.connector!r}"
        )
        run.emit(Message(text=text, level="warning"))


def _counts(snapshot: Snapshot) -> dict[str, int]:
    """What was pulled and kept, and what each step changed."""
    counts = {name.replace("_", " "): number for name, number in snapshot.counts.items()}
    for step, found in snapshot.manifest["step_counts"].items():
        counts |= {f"{step}: {kind}": number for kind, number in found.items()}
    return counts


def _pull_into_snapshot(run: Run, stage: Stage) -> Snapshot:
    context, task = run.context, run.task
    plan = IngestPlan(
        fields=field_kinds(run.spec, task.fields),
        group_field=task.group,
        steps=build_steps(task, context.plugins, context.step_context(run.spec.name)),
        dedupe=task.dedupe,
        render=renderer(run.spec, task.render, context.plugins),
    )
    reading = reading_digest(
        run.spec,
        steps=plan.steps.settings,
        render=task.render,
        plugins=context.plugins.versions(),
        salt=context.salt,
    )
    work = run.folder / "ingest"
    window = window_of(task, run.info.started_at, labelled=True)
    with context.connector(task.connector) as connector:
        pages = connector.pull(window, cursor=resume_cursor(work))
        return ingest(
            _counted(stage, pages),
            plan,
            folder=work,
            snapshots=context.folder / "snapshots",
            on_page=lambda page: _keep_beside(run, page, reading),
        )


def _counted(stage: Stage, pages: Iterator[IncidentPage]) -> Iterator[IncidentPage]:
    done = 0
    for page in pages:
        yield page
        done += len(page.incidents)
        stage.progress(done)


def _keep_beside(run: Run, page: PageSummary, reading: str) -> None:
    """Keep what does not go into the snapshot; a page that is seen twice changes nothing."""
    store, connector = run.context.store, run.task.connector
    store.quarantine.add(connector, page.rejected, run_id=run.info.id)
    store.verdicts.add(connector, page.judged, run_id=run.info.id)
    uids = (incident.uid for incident in page.judged)
    store.judged_inputs.add(connector, reading, zip(uids, page.judged_inputs, strict=True))
