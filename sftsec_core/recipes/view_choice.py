"""`encoder.view: auto`: the view through which a frozen encoder tells most of dev's labels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.domain import Batch
from sftsec_core.recipes.config import LinearConfig
from sftsec_core.recipes.embeddings import Embedder
from sftsec_core.recipes.goal import Goal, columns
from sftsec_core.recipes.logistic import LogisticHead, usable
from sftsec_core.recipes.sampling import stratified_sample
from sftsec_core.recipes.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import TrainJob

MOST = 1000  # examples of train, and of dev, that it is chosen on
LEAST_GAIN = 0.01  # of the score: below that the plain text stays


def with_view(job: TrainJob[Any]) -> TrainJob[Any]:
    """The job with a view that is one; the figures of those tried go to the job's log.

    Raises:
        DataError: when train has fewer than two labels.
        ConfigError, IntegrityError: when the encoder is not there or not the right one.
    """
    if job.config.encoder.view != "auto":
        return job
    figures = _figures(job)
    if figures:
        job.log(0, {f"view_{name}": value for name, value in figures.items()})
    encoder = job.config.encoder.model_copy(update={"view": _best(figures)})
    return replace(job, config=job.config.model_copy(update={"encoder": encoder}))


def _best(figures: Mapping[str, float]) -> str:
    best = max(figures, key=lambda name: figures[name], default="plain")
    return best if figures and figures[best] >= figures["plain"] + LEAST_GAIN else "plain"


def _figures(job: TrainJob[Any]) -> dict[str, float]:
    """The score on dev of a probe for each view, by the task's metric; none without dev."""
    seed, labels = job.settings.seed, job.task.labels
    train = stratified_sample(usable(job.train, labels), MOST, seed)
    dev = stratified_sample(job.dev, MOST, seed)
    if not dev:
        return {}
    texts, held_out = (Batch.of_examples(job.task.inputs, part).text() for part in (train, dev))
    y = columns(dev, job.task)
    goal = Goal.of(job.task, y)
    figures: dict[str, float] = {}
    for name in VIEWS:
        asked = {"view": name, "pooling": "mean", "max_windows": 1}
        embedder = Embedder(job.config.encoder.model_copy(update=asked))
        vectors = embedder(texts)
        center = vectors.mean(axis=0)
        head = LogisticHead.fit(_unit(vectors - center), train, labels, LinearConfig(), seed)
        figures[name] = goal.score(head.predict_proba(_unit(embedder(held_out) - center)), y)
    return figures


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """One row of length 1 a text."""
    flat = vectors.reshape(len(vectors), -1)
    lengths = np.linalg.norm(flat, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = flat / np.maximum(lengths, np.float32(1e-9))
    return scaled
