"""A task's pool of unlabelled incidents, beside the labelled ones of a run."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from sftsec_core.dataset.features import renderer
from sftsec_core.dataset.pool import read_pool
from sftsec_core.dataset.snapshot import open_snapshot
from sftsec_core.dataset.sources import unscoped
from sftsec_core.operations.ingesting import ingest_pool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.api.domain import Split
    from sftsec_core.dataset.pool import Pool
    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.operations.context import Context
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

    Args:
        run: the run under way.
        snapshot: of the labelled incidents.
        dataset: these, split.

    Returns:
        The data with its `pool`, and the counts in `data`.
    """
    unlabelled = ingest_pool(run)
    if unlabelled is None:
        return dataset
    pool = _read(run, unlabelled, snapshot, dataset.split)
    told = {"snapshot": pool.snapshot, "pulled": dict(unlabelled.counts), **pool.counts}
    return replace(dataset, pool=pool, data={**dataset.data, "unlabelled": told})


def last_pool(run: Run, snapshot: Snapshot, split: Split) -> Pool | None:
    """What may be learned from of the pool that was pulled last; pulls nothing.

    Args:
        run: the run under way.
        snapshot: of the labelled incidents.
        split: of these.

    Returns:
        None where the task has no pool.
    """
    found = newest_pool(run.context, run.spec.name)
    return None if found is None else _read(run, found, snapshot, split)


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
