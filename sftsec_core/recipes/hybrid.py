"""`probe`: a logistic head on the frozen encoder's vectors. `hybrid`: on n-grams and vectors.

Both blocks have rows of length 1, so that one regularisation serves both. The vectors of each
layer are centred on the training texts' mean first: a pretrained encoder's vectors all point
much the same way, and the head should see in what they differ. Where the task has numbers or
categories, they are one more block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from sftsec_core.api.domain import Batch
from sftsec_core.models.model_format import read_json, read_tensors, write_json, write_tensors
from sftsec_core.recipes.dense import DenseBlock
from sftsec_core.recipes.embeddings import Embedder
from sftsec_core.recipes.goal import Goal, columns
from sftsec_core.recipes.logistic import LogisticHead, feature_bound, usable
from sftsec_core.recipes.ngrams import NgramTfidf
from sftsec_core.recipes.reading import Reading, joined
from sftsec_core.recipes.view_choice import with_view
from sftsec_core.recipes.window_selector import WindowSelector

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.recipes.config import HybridConfig
    from sftsec_core.recipes.reading import Pooling, Span

SETTINGS = "hybrid.json"
WEIGHTS = "hybrid.safetensors"
_SCORED_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class HybridModel:
    """Vectors, and n-grams if it has them, with one logistic head; a `TrainedModel`.

    Attributes:
        center: the means of the training texts' vectors; shape (layers, hidden size).
        ngrams: None in a probe.
        selector: ranks the windows that the encoder reads of a long text.
        dense: encodes the numbers and categories beside the text; None without any.
        vector_weight: the length of a text's vector beside that of its n-grams, which is 1.
    """

    labels: tuple[str, ...]
    embedder: Embedder
    center: NDArray[np.float32]
    ngrams: NgramTfidf | None
    head: LogisticHead
    selector: WindowSelector | None = None
    dense: DenseBlock | None = None
    vector_weight: float = 1.0

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        """Probabilities, shape (len(batch), len(labels))."""
        texts = batch.text()
        vectors = self.embedder(texts)
        out = np.zeros((len(texts), len(self.labels)))
        for start in range(0, len(texts), _SCORED_AT_ONCE):
            part = slice(start, start + _SCORED_AT_ONCE)
            beside = self.dense(batch.slice(start, part.stop)) if self.dense else None
            unit = scaled(vectors[part] - self.center, self.vector_weight)
            features = join_blocks(texts[part], self.ngrams, unit, beside)
            out[part] = self.head.predict_proba(features)
        return out

    def reads_whole(self, batch: Batch) -> NDArray[np.bool_]:
        """Which rows both the n-grams and the encoder read to their end; shape (len(batch),)."""
        return np.array([not spans for spans in self.unread(batch)], dtype=bool)

    def unread(self, batch: Batch) -> list[list[Span]]:
        """What the n-grams or the encoder do not read of each row's text: spans of characters."""
        texts = batch.text()
        unread = self.embedder.unread(texts)
        if self.ngrams is None:
            return unread
        return [joined([*a, *b]) for a, b in zip(unread, self.ngrams.unread(texts), strict=True)]

    def save(self, folder: Path) -> None:
        """Write everything but the encoder, which is named by its digest."""
        ngrams = self.ngrams.tensors() if self.ngrams else {}
        selector = self.selector.tensors() if self.selector else {}
        dense = self.dense.tensors() if self.dense else {}
        own = {**self.head.tensors(), "encoder.center": self.center}
        write_tensors(folder / WEIGHTS, {**ngrams, **selector, **dense, **own})
        write_json(
            folder / SETTINGS,
            {
                "labels": list(self.labels),
                "encoder": self.embedder.to_json(),
                "ngrams": self.ngrams is not None,
                "vector_weight": self.vector_weight,
                **({"dense": self.dense.to_json()} if self.dense else {}),
            },
        )


def flat_unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make one row of length 1 of each text's vectors, to which every layer gives the same.

    Args:
        vectors: shape (n, layers, hidden size); a vector of zeros stays.

    Returns:
        Shape (n, layers * hidden size).
    """
    lengths = np.linalg.norm(vectors, axis=2, keepdims=True) * np.sqrt(vectors.shape[1])
    scaled: NDArray[np.float32] = vectors / np.maximum(lengths, np.float32(1e-9))
    return scaled.reshape(len(vectors), -1).astype(np.float32, copy=False)


def scaled(vectors: NDArray[np.float32], weight: float) -> NDArray[np.float32]:
    """Make a row of this length of each text's vectors.

    Args:
        vectors: shape (n, layers, hidden size).
        weight: the length.

    Returns:
        Shape (n, layers * hidden size).
    """
    return flat_unit(vectors) * np.float32(weight)


def join_blocks(
    texts: Sequence[str],
    ngrams: NgramTfidf | None,
    vectors: NDArray[np.float32],
    dense: NDArray[np.float32] | None = None,
) -> Any:  # noqa: ANN401 - an array or a sparse matrix
    """Features of a row side by side: n-grams, if any, its vector, numbers and categories, if any.

    Args:
        texts: of the rows.
        ngrams: fitted; None to leave them out.
        vectors: shape (n, d).
        dense: shape (n, width); None without numbers and categories.
    """
    if dense is not None:
        vectors = np.hstack([vectors, dense])
    if ngrams is None:
        return vectors
    blocks = [ngrams.transform(texts), sparse.csr_matrix(vectors)]
    return sparse.hstack(blocks, format="csr", dtype=np.float32)


def train_probe(job: TrainJob[HybridConfig]) -> HybridModel:
    """Fit a head on the frozen encoder's vectors alone.

    Raises:
        DataError: when train has fewer than two labels.
    """
    return _train(job, with_ngrams=False)


def train_hybrid(job: TrainJob[HybridConfig]) -> HybridModel:
    """Fit one head on n-grams and vectors: the best use of a few hundred labels.

    Raises:
        DataError: when train has fewer than two labels.
    """
    return _train(job, with_ngrams=True)


def _train(job: TrainJob[HybridConfig], *, with_ngrams: bool) -> HybridModel:
    job = with_view(job)
    examples, labels, seed = usable(job.train, job.task.labels), job.task.labels, job.settings.seed
    batch = Batch.of_examples(job.task.inputs, examples)
    texts, dense = batch.text(), DenseBlock.fit(batch)
    beside = dense(batch) if dense else None
    seen = [Reading.of(job.config.encoder).see(text).text for text in texts]
    selector = WindowSelector.fit(seen, examples, job.task, seed)
    embedder = Embedder(job.config.encoder, selector=selector)
    bound = feature_bound(len(labels))
    ngrams = NgramTfidf.fit(texts, bound, job.config.max_chars) if with_ngrams else None
    found, weight = embedder.each(texts), job.config.vector_weight

    def fit(pooling: Pooling) -> HybridModel:
        center = found[pooling].mean(axis=0)
        features = join_blocks(texts, ngrams, scaled(found[pooling] - center, weight), beside)
        head = LogisticHead.fit(features, examples, labels, job.config, seed)
        pooled = embedder.pooled(pooling)
        return HybridModel(labels, pooled, center, ngrams, head, selector, dense, weight)

    return _best_on_dev(job, [fit(pooling) for pooling in _to_try(found)])


def _to_try(found: Mapping[Pooling, NDArray[np.float32]]) -> list[Pooling]:
    """The poolings that differ on the training texts: one where each of them is one window."""
    first, *others = found
    differ = [pooling for pooling in others if not np.array_equal(found[pooling], found[first])]
    return [first, *differ]


def _best_on_dev(job: TrainJob[HybridConfig], models: Sequence[HybridModel]) -> HybridModel:
    """The model of the highest score on dev, of equal ones that of the lowest loss."""
    if len(models) == 1 or not job.dev:
        return models[0]
    batch, y = Batch.of_examples(job.task.inputs, job.dev), columns(job.dev, job.task)
    goal = Goal.of(job.task, y)

    def figure(model: HybridModel) -> tuple[float, float]:
        proba = model.predict_proba(batch)
        likely = np.log(np.maximum(proba[np.arange(len(y)), y], 1e-12))
        return goal.score(proba, y), float(likely.mean())

    return max(models, key=figure)


def load_hybrid(folder: Path) -> HybridModel:
    """Read what `HybridModel.save` wrote, probe or hybrid.

    Raises:
        IntegrityError: when a file is missing or not what it should be, or the encoder is not
            the one that the model was trained with.
    """
    settings = read_json(folder / SETTINGS)
    labels = tuple(settings["labels"])
    tensors = read_tensors(folder / WEIGHTS)
    selector = WindowSelector.from_tensors(tensors)
    return HybridModel(
        labels=labels,
        embedder=Embedder.from_json(settings["encoder"], selector),
        center=tensors["encoder.center"].astype(np.float32, copy=False),
        ngrams=NgramTfidf.from_tensors(tensors) if settings["ngrams"] else None,
        head=LogisticHead.from_tensors(tensors, len(labels)),
        selector=selector,
        dense=DenseBlock.from_parts(settings.get("dense"), tensors),
        vector_weight=float(settings["vector_weight"]),
    )
