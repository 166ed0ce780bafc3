"""A task's pool of unlabelled incidents, beside the labelled ones of a run."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sftsec_core.dataset.context.repeats import weigh_repeats
from sftsec_core.dataset.event_pool import read_event_pool
from sftsec_core.dataset.features import renderer
from sftsec_core.dataset.pool import read_pool
from sftsec_core.dataset.snapshot import open_snapshot
from sftsec_core.dataset.sources import unscoped
from sftsec_core.operations.ingesting import ingest_pool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.domain import Example, Split
    from sftsec_core.dataset.event_pool import DrawnEvents
    from sftsec_core.dataset.pool import Pool
    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.event_context import SnapshotContext
    from sftsec_core.operations.running import Run
    from sftsec_core.operations.splitting import TrainingData


def newest_pool(context: Context, task: str) -> Snapshot | None:
    """Open the pool of unlabelled incidents that was pulled last; None where there is none."""
    found = context.store.snapshots.latest_unlabelled(task)
    if found is None:
        return None
    return open_snapshot(context.at_hand(found.folder), verify=False, vault=context.vault)


def add_pool(run: Run, snapshot: Snapshot, dataset: TrainingData) -> TrainingData:
    """Pull the task's pool, if it asks for one, and read what may be learned from.

    A task that reads figures of earlier events has pulled every event already: its pool is drawn
    from these.

    Args:
        run: the run under way.
        snapshot: of the labelled incidents.
        dataset: these, split.

    Returns:
        The data with its `pool`, and the counts in `data`.
    """
    told: Mapping[str, Any]
    if dataset.events is not None and (drawn := dataset.events.pool) is not None:
        pool, told = _read_events(run, snapshot, dataset.split, dataset.events, drawn), drawn.counts
    else:
        unlabelled = ingest_pool(run)
        if unlabelled is None:
            return dataset
        pool = _read(run, unlabelled, snapshot, dataset.split)
        told = {"pulled": dict(unlabelled.counts)}
    told = {"snapshot": pool.snapshot, **told, **pool.counts}
    return replace(dataset, pool=pool, data={**dataset.data, "unlabelled": told})


def last_pool(run: Run, snapshot: Snapshot, dataset: TrainingData) -> Pool | None:
    """What may be learned from of the pool that was pulled last; pulls nothing.

    Args:
        run: the run under way.
        snapshot: of the labelled incidents.
        dataset: these, split.

    Returns:
        None where the task has no pool.
    """
    split, events = dataset.split, dataset.events
    if run.task.context is not None:
        if events is None or events.pool is None:
            return None
        return _read_events(run, snapshot, split, events, events.pool)
    found = newest_pool(run.context, run.spec.name)
    return None if found is None else _read(run, found, snapshot, split)


def weigh_repeats_of(run: Run, rows: Sequence[Example]) -> Sequence[Example]:
    """Rows of the pool that got labels; where figures of others are read, repeats weigh less."""
    settings = run.task.context
    return rows if settings is None else weigh_repeats(rows, run.spec, settings.repeats)


def _read_events(
    run: Run, snapshot: Snapshot, split: Split, events: SnapshotContext, drawn: DrawnEvents
) -> Pool:
    render = renderer(run.spec, run.task.render, run.context.plugins)
    with run.stage("dataset", "read the unlabelled pool") as stage:
        pool = read_event_pool(
            snapshot, split, drawn, render, events.figures, judged=lambda uids: _judged(run, uids)
        )
        counts = {**drawn.counts, **pool.counts}
        stage.counts |= {name.replace("_", " "): number for name, number in counts.items()}
    return pool


def _read(run: Run, unlabelled: Snapshot, snapshot: Snapshot, split: Split) -> Pool:
    task = run.task
    with run.stage("dataset", "read the unlabelled pool") as stage:
        pool = read_pool(
            unlabelled,
            snapshot,
            split,
            renderer(run.spec, task.render, run.context.plugins),
            judged=lambda uids: _judged(run, uids),
            dedupe=task.dedupe,
        )
        stage.counts |= {name.replace("_", " "): number for name, number in pool.counts.items()}
    return pool


def _judged(run: Run, uids: Sequence[str]) -> frozenset[str]:
    """Those of the incidents that the store has a verdict on."""
    connectors, verdicts = run.task.connectors, run.context.store.verdicts
    if len(connectors) == 1:
        return frozenset(verdicts.of(connectors[0], uids))
    by_connector: dict[str, dict[str, str]] = defaultdict(dict)
    for uid in uids:
        connector, own = unscoped(uid)
        by_connector[connector][own] = uid
    return frozenset(
        names[own]
        for connector, names in by_connector.items()
        for own in verdicts.of(connector, list(names))
    )
