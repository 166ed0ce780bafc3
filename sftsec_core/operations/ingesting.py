"""From the task's connectors to a snapshot; a resumed run continues after the last page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from sftsec_core.api.domain import IncidentPage, Message
from sftsec_core.api.settings.values import format_duration
from sftsec_core.dataset.features import field_kinds, renderer
from sftsec_core.dataset.ingest import Earlier, Heard, ingest, resume_cursor
from sftsec_core.dataset.plan import IngestPlan, PageSummary
from sftsec_core.dataset.reading import reading_digest
from sftsec_core.dataset.snapshot import Snapshot, open_snapshot
from sftsec_core.dataset.sources import at_home
from sftsec_core.dataset.steps import build_steps
from sftsec_core.operations.increments import earlier_pulls
from sftsec_core.operations.left_out import left_out, remaining
from sftsec_core.operations.pulling import bounded, pull_all, window_of
from sftsec_core.operations.signatures import keep_signatures
from sftsec_core.sdk.atomic import write_atomically
from sftsec_core.store.staging import locked

if TYPE_CHECKING:
    from sftsec_core.api.domain import PullWindow
    from sftsec_core.api.settings.unlabelled import UnlabelledSettings
    from sftsec_core.dataset.sources import SourceParts
    from sftsec_core.operations.running import Run
    from sftsec_core.operations.stages import Stage

DONE = "snapshot"
PULLED = "ingest"
POOL_DONE = "unlabelled"
POOL_PULLED = "ingest-unlabelled"


@dataclass(frozen=True, slots=True)
class _SnapshotPull:
    """One of the two pulls of a run: of labelled incidents, or of a pool of unlabelled ones.

    Attributes:
        settings: of the pool; None for the labelled ones.
        stage: what its stage is called.
        done: the file of the run's folder that names the snapshot once there is one.
        work: the folder that the pages are gathered in.
        full: whether nothing is taken of earlier pulls.
    """

    settings: UnlabelledSettings | None = None
    stage: str = "pull"
    done: str = DONE
    work: str = PULLED
    full: bool = False


def ingest_snapshot(run: Run, *, full: bool = False) -> Snapshot:
    """Pull the task's labelled incidents into a snapshot; a resumed run takes the one it made.

    What did not change since the last pull is taken from there, where the connector can tell.

    Args:
        run: the run under way.
        full: pull and clean everything again.

    Raises:
        ConnectorUnavailableError: when a lost connection did not come back; the run is
            interrupted and resumes from its cursor.
    """
    return _ingest(run, _SnapshotPull(full=full))


def ingest_pool(run: Run) -> Snapshot | None:
    """Pull the task's pool of unlabelled incidents, as `ingest_snapshot` those with a verdict.

    Returns:
        A snapshot without verdicts; None for a task that does not ask for one.
    """
    if run.task.unlabelled is None:
        return None
    return _ingest(
        run, _SnapshotPull(run.task.unlabelled, "pull unlabelled", POOL_DONE, POOL_PULLED)
    )


def _ingest(run: Run, pull: _SnapshotPull) -> Snapshot:
    snapshots = run.context.folder / "snapshots"
    done = run.folder / pull.done
    if done.is_file():
        snapshot = open_snapshot(snapshots / done.read_text("ascii"), vault=run.context.vault)
        run.note(f"the interrupted run has pulled snapshot {snapshot.digest[:12]} already")
        return snapshot
    with ExitStack() as recorded:
        source = f"from {', '.join(run.task.connectors)}{_span(run, pull)}"
        with run.stage(pull.stage, source) as stage:
            # From here until a row names it: else another process may remove it as unused.
            hold = partial(recorded.enter_context, locked(snapshots))
            snapshot = _pull_into_snapshot(run, pull, stage, hold)
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


def _span(run: Run, pull: _SnapshotPull) -> str:
    """How far back the pull looks, for its stage."""
    if pull.settings is None or isinstance(pull.settings.window, str):
        return bounded(run.context, run.task)
    return f", at most the last {format_duration(pull.settings.window)}"


def _windows(run: Run, pull: _SnapshotPull) -> dict[str, PullWindow]:
    """What to pull of each connector."""
    context, task, now = run.context, run.task, run.info.started_at
    if pull.settings is None:
        # Events that no one judged are part of what came before those that someone did.
        which = True if task.context is None else None
        return {n: window_of(context, task, n, now, labelled=which) for n in task.connectors}
    span, found = pull.settings.window, {}
    for name in task.connectors:
        window = window_of(context, task, name, now, labelled=False)
        since = (
            window.since if isinstance(span, str) else max(window.since or now - span, now - span)
        )
        # Which fields there are shows in the labelled incidents; there may be no others.
        found[name] = replace(window, since=since, required=())
    return found


def _pull_into_snapshot(
    run: Run, pull: _SnapshotPull, stage: Stage, hold: Callable[[], None]
) -> Snapshot:
    context, task = run.context, run.task
    settings = pull.settings
    render = renderer(run.spec, task.render, context.plugins)
    plan = IngestPlan(
        fields=field_kinds(run.spec, task.fields),
        group_field=task.group,
        steps=build_steps(task, context.plugins, context.step_context(run.spec.name)),
        dedupe=task.dedupe,
        sample=None if settings is None else (settings.max, context.salt),
        render=lambda incident: run.spec.own(render(incident)),
        connectors=task.connectors if len(task.connectors) > 1 else (),
        events=task.context is not None,
        forgotten=left_out(context),
    )
    reading = reading_digest(
        run.spec,
        steps=plan.steps.settings,
        render=task.render,
        plugins=context.plugins.versions(),
        salt=context.salt,
    )
    windows, told = _windows(run, pull), _Told(stage)
    heard = Heard(
        page=lambda page: _keep_beside(run, page, reading),
        reused=told.reused,
        publish=hold,
        signatures=None if pull.settings else (lambda index: keep_signatures(run, index)),
    )
    if pull.settings is not None:
        return _gathered(run, pull, plan, windows, told, heard, None)
    with earlier_pulls(run, plan.digest(), reading, windows, full=pull.full) as earlier:
        snapshot = _gathered(run, pull, plan, windows, told, heard, earlier)
    if told.unchanged:
        stage.counts["unchanged since the last pull"] = told.unchanged
    return snapshot


def _gathered(
    run: Run,
    pull: _SnapshotPull,
    plan: IngestPlan,
    windows: Mapping[str, PullWindow],
    told: _Told,
    heard: Heard,
    earlier: Earlier | None,
) -> Snapshot:
    context, work = run.context, run.folder / pull.work
    cursor, by_parts = resume_cursor(work), pull.settings is None
    everything = pull_all(context, run.task, windows, cursor, by_parts=by_parts)
    with closing(remaining(everything, run.task, plan.forgotten)) as pages:
        snapshot = ingest(
            told.pages(pages),
            plan,
            folder=work,
            snapshots=context.folder / "snapshots",
            heard=heard,
            vault=context.vault,
            earlier=earlier,
        )
    if count := plan.forgotten.left_out.total():
        told.stage.counts["forgotten, left out"] = count
    return snapshot


@dataclass(slots=True)
class _Told:
    """How far a pull is, for its stage.

    Attributes:
        stage: of the pull.
        done: incidents so far.
        unchanged: those of them that were taken from an earlier pull.
    """

    stage: Stage
    done: int = 0
    unchanged: int = 0

    def pages(
        self, pull: Iterator[IncidentPage | SourceParts]
    ) -> Iterator[IncidentPage | SourceParts]:
        """Count pages on their way."""
        for each in pull:
            yield each
            if isinstance(each, IncidentPage):
                self.add(len(each.incidents))

    def add(self, count: int) -> None:
        """Count incidents that were pulled."""
        self.done += count
        self.stage.progress(self.done)

    def reused(self, count: int) -> None:
        """Count incidents that were taken from an earlier pull."""
        self.unchanged += count
        self.add(count)


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
