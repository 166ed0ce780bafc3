"""From the task's connectors to a snapshot; a resumed run continues after the last page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING

from sftsec_core.api.domain import IncidentPage, Message
from sftsec_core.dataset.features import field_kinds, renderer
from sftsec_core.dataset.ingest import IngestPlan, PageSummary, ingest, resume_cursor
from sftsec_core.dataset.reading import reading_digest
from sftsec_core.dataset.snapshot import Snapshot, open_snapshot
from sftsec_core.dataset.sources import at_home
from sftsec_core.dataset.steps import build_steps
from sftsec_core.operations.pulling import bounded, pull_all, window_of
from sftsec_core.sdk.atomic import write_atomically
from sftsec_core.store.staging import locked

if TYPE_CHECKING:
    from sftsec_core.operations.running import Run
    from sftsec_core.operations.stages import Stage

DONE = "snapshot"
PULLED = "ingest"


def ingest_snapshot(run: Run) -> Snapshot:
    """Pull the task's labelled incidents into a snapshot; a resumed run takes the one it made.

    Raises:
        ConnectorUnavailableError: when a lost connection did not come back; the run is
            interrupted and resumes from its cursor.
    """
    snapshots = run.context.folder / "snapshots"
    done = run.folder / DONE
    if done.is_file():
        snapshot = open_snapshot(snapshots / done.read_text("ascii"), vault=run.context.vault)
        run.note(f"the interrupted run has pulled snapshot {snapshot.digest[:12]} already")
        return snapshot
    with ExitStack() as recorded:
        source = f"from {', '.join(run.task.connectors)}{bounded(run.context, run.task)}"
        with run.stage("pull", source) as stage:
            # From here until a row names it: else another process may remove it as unused.
            hold = partial(recorded.enter_context, locked(snapshots))
            snapshot = _pull_into_snapshot(run, stage, hold)
            stage.counts |= _counts(snapshot)
            _warn_of_shared_ids(run, snapshot)
        run.context.share(snapshot.folder)
        run.context.store.snapshots.add(
            run.spec.name,
            snapshot.digest,
            snapshot.folder,
            rows=snapshot.counts["kept"],
            manifest=snapshot.manifest,
            run_id=run.info.id,
        )
        write_atomically(done, snapshot.digest.encode())
    return snapshot


def _warn_of_shared_ids(run: Run, snapshot: Snapshot) -> None:
    count = snapshot.counts["sharing_an_id"]
    if count:
        share = "1 record shares its" if count == 1 else f"{count:,} records share their"
        text = (
            f"{share} id with a record of another text: they are kept "
            "apart, each with its own verdicts. Where ids begin again in each export, or are "
            f"unique within a host only, name several fields as the id of {_sharing(run, snapshot)}"
        )
        run.emit(Message(text=text, level="warning"))


def _sharing(run: Run, snapshot: Snapshot) -> str:
    """The connectors whose records share an id."""
    counted = snapshot.connectors
    names = (n for n in run.task.connectors if not counted or counted[n]["sharing_an_id"])
    return " and ".join(map(repr, names))


def _counts(snapshot: Snapshot) -> dict[str, int]:
    """What was pulled and kept, and what each step changed."""
    counts = {name.replace("_", " "): number for name, number in snapshot.counts.items()}
    for step, found in snapshot.manifest["step_counts"].items():
        counts |= {f"{step}: {kind}": number for kind, number in found.items()}
    for connector, own in snapshot.connectors.items():
        counts |= {f"{connector}: {name}": own[name] for name in ("read", "kept", "rejected")}
    return counts


def _pull_into_snapshot(run: Run, stage: Stage, hold: Callable[[], None]) -> Snapshot:
    context, task = run.context, run.task
    render = renderer(run.spec, task.render, context.plugins)
    plan = IngestPlan(
        fields=field_kinds(run.spec, task.fields),
        group_field=task.group,
        steps=build_steps(task, context.plugins, context.step_context(run.spec.name)),
        dedupe=task.dedupe,
        render=lambda incident: run.spec.own(render(incident)),
        connectors=task.connectors if len(task.connectors) > 1 else (),
        events=task.context is not None,
    )
    reading = reading_digest(
        run.spec,
        steps=plan.steps.settings,
        render=task.render,
        plugins=context.plugins.versions(),
        salt=context.salt,
    )
    work = run.folder / PULLED
    now = run.info.started_at
    # Events that no one judged are part of what came before those that someone did.
    which = True if task.context is None else None
    windows = {n: window_of(context, task, n, now, labelled=which) for n in task.connectors}
    with closing(pull_all(context, task, windows, resume_cursor(work))) as pages:
        return ingest(
            _counted(stage, pages),
            plan,
            folder=work,
            snapshots=context.folder / "snapshots",
            on_page=lambda page: _keep_beside(run, page, reading),
            on_publish=hold,
            vault=context.vault,
        )


def _counted(stage: Stage, pages: Iterator[IncidentPage]) -> Iterator[IncidentPage]:
    done = 0
    for page in pages:
        yield page
        done += len(page.incidents)
        stage.progress(done)


def _keep_beside(run: Run, page: PageSummary, reading: str) -> None:
    """Keep what does not go into the snapshot; a page that is seen twice changes nothing."""
    store, connector = run.context.store, page.connector or run.task.connectors[0]
    store.quarantine.add(connector, page.rejected, run_id=run.info.id)
    uids = [incident.uid for incident in page.judged]
    judged = list(zip(uids, page.judged_inputs, strict=True))
    # Before the contents: after a kill between the two they are new once more.
    changed = store.judged_inputs.changed(connector, reading, judged)
    store.verdicts.add(connector, page.judged, run_id=run.info.id, changed=changed)
    store.judged_inputs.add(connector, reading, judged)
    for other in run.task.connectors if page.connector else ():
        # Judged by way of a detection that went to another connector than the incident's own.
        homes = ((at_home(uid), digest) for uid, digest in judged if other != connector)
        own = ((uid, digest) for (home, uid), digest in homes if home == other)
        store.judged_inputs.add(other, reading, own)
