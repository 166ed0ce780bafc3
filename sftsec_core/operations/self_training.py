"""Rows of the pool that a model of the labelled rows labels, in the training part of a run."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Message
from sftsec_core.api.errors import NotFoundError
from sftsec_core.dataset.sums import SELF_TRAINING, check_sums
from sftsec_core.operations.pooling import weigh_repeats_of
from sftsec_core.recipes.self_training import self_train
from sftsec_core.sdk.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.api.domain import ModelRef
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.running import Run
    from sftsec_core.operations.splitting import TrainingData
    from sftsec_core.recipes.self_training import SelfTraining

PSEUDO_LABELS = "pseudo_labels.json"


def add_self_labels(run: Run, dataset: TrainingData) -> TrainingData:
    """Add what self-training labels, if the task asks for it and dev is not against it.

    After the task's transforms, which judge and change what analysts labelled.

    Args:
        run: the run under way.
        dataset: with its pool.

    Returns:
        The data with `train` longer, and the counts in `data`.

    Raises:
        IntegrityError: when the counts do not add up.
    """
    settings = run.task.train.self_training
    if settings is None or dataset.pool is None:
        return dataset
    pool = [row.example for row in dataset.pool.rows]
    with run.stage("self-training", f"on {len(pool):,} unlabelled incidents") as stage:
        found = self_train(
            settings,
            dataset.train,
            dataset.split.dev,
            pool,
            run.spec,
            run.task.train,
            lambda done: stage.progress(done, settings.rounds, "rounds"),
        )
        check_sums("self-training", found.counts, [SELF_TRAINING])
        stage.counts |= {name.replace("_", " "): n for name, n in found.counts.items()}
    _warn(run, found)
    labels = {example.uid: example.label for example in found.added}
    write_atomically(run.folder / PSEUDO_LABELS, json.dumps(labels).encode())
    told = {
        "source": "self_training",
        **found.counts,
        "labelled": dict(found.labelled),
        "dev": dict(found.dev),
        "judged_since": _agreement(run, dataset),
    }
    train = [*dataset.train, *weigh_repeats_of(run, found.added)]
    return replace(dataset, train=train, data={**dataset.data, "self_training": told})


def _warn(run: Run, found: SelfTraining) -> None:
    if not found.counts["left_out_by_dev"]:
        return
    if not found.dev:
        why = "neither dev nor train has the rows to decide by"
    else:
        why = f"macro-F1 on held-out rows {found.dev['before']:.3f} -> {found.dev['after']:.3f}"
    text = f"self-training: {found.counts['left_out_by_dev']:,} rows are not learned from: {why}"
    run.emit(Message(text=text, level="warning"))


def _agreement(run: Run, dataset: TrainingData) -> Mapping[str, int]:
    """Of the labels that the live model learned from, those judged since and those confirmed."""
    live = run.context.registry.live(run.spec.name)
    before = {} if live is None else pseudo_labels_of(run.context, live)
    judged = [e for _, part in dataset.split.parts() for e in part if e.uid in before]
    confirmed = sum(before[example.uid] == example.label for example in judged)
    return {"judged": len(judged), "confirmed": confirmed}


def pseudo_labels_of(context: Context, model: ModelRef) -> Mapping[str, str]:
    """An incident's uid to the label that the run of a model gave it.

    None where that run was pruned, its folder is out of reach, or it did no self-training.
    """
    try:
        folder = context.at_hand(context.store.runs.get(model.run_id).folder)
        found: dict[str, str] = json.loads((folder / PSEUDO_LABELS).read_text("utf-8"))
    except (NotFoundError, OSError, ValueError):
        return {}
    return found
