"""A model's probabilities for rendered rows: each different one is asked for once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.domain import Batch, inputs_digest
from sftsec_core.api.errors import PluginError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.contracts import TrainedModel
    from sftsec_core.api.domain import Inputs
    from sftsec_core.scoring.scorer import Scorer


def probabilities(rows: Sequence[Inputs], scorer: Scorer) -> NDArray[np.float64]:
    """Calibrated probabilities, shape (len(rows), labels); equal inputs are scored once.

    Texts of similar length share a batch, so that little is computed on padding; alert streams
    repeat themselves, so that many rows are not scored at all, in this page or in a later one.
    """
    digests = [inputs_digest(inputs) for inputs in rows]
    different = dict(zip(digests, rows, strict=True))
    known = scorer.known.find(different)
    order = sorted(different.keys() - known, key=lambda each: (_length(different[each]), each))
    batch = Batch.of(scorer.task.inputs, (different[digest] for digest in order))
    for start in range(0, len(batch), scorer.batch):
        part = _ask(scorer.model, batch.slice(start, start + scorer.batch))
        fresh = dict(zip(order[start : start + scorer.batch], part, strict=True))
        scorer.known.keep(fresh)
        known |= fresh
    if not rows:
        return np.empty((0, len(scorer.task.labels)))
    return scorer.calibrator.calibrate(np.stack([known[digest] for digest in digests]))


def _length(inputs: Inputs) -> int:
    return sum(len(value) for value in inputs.values() if isinstance(value, str | tuple))


def _ask(model: TrainedModel, batch: Batch) -> NDArray[np.float64]:
    proba = np.asarray(model.predict_proba(batch), dtype=np.float64)
    if proba.shape != (len(batch), len(model.labels)):
        raise PluginError(
            f"the model gave probabilities of shape {proba.shape} for {len(batch)} rows and "
            f"{len(model.labels)} labels: its recipe breaks the contract of predict_proba"
        )
    return proba
