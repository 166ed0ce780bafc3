"""From a snapshot to what recipes are fitted on, as a retraining run and a build make it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.operations.label_suspects import keep_suspects
from sftsec_core.operations.pooling import add_pool
from sftsec_core.operations.self_training import add_self_labels
from sftsec_core.operations.splitting import split_snapshot
from sftsec_core.operations.transforming import transform_train
from sftsec_core.operations.weak_labelling import add_weak_labels

if TYPE_CHECKING:
    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.operations.running import Run
    from sftsec_core.operations.splitting import TrainingData


def training_data(run: Run, snapshot: Snapshot) -> TrainingData:
    """Split the labelled incidents, and let the task's transforms and its pool change train.

    Raises:
        ConfigError: when a labelling function cannot be made.
        DataError: when there is nothing to train on.
        ConnectorUnavailableError: when the connection was lost as the pool was pulled.
    """
    labelled = split_snapshot(run, snapshot)
    judged = transform_train(run, add_pool(run, snapshot, labelled))
    keep_suspects(run, snapshot, judged.suspects)
    return add_self_labels(run, add_weak_labels(run, snapshot, judged))
