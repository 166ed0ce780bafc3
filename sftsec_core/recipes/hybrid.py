"""`probe`: a logistic head on the frozen encoder's vectors. `hybrid`: on n-grams and vectors.

Both blocks have rows of length 1, so that one regularisation serves both. The vectors of each
layer are centred on the training texts' mean first: a pretrained encoder's vectors all point
much the same way, and the head should see in what they differ. Of two encoders each gives as much
to the length. Where the task has numbers or categories, they are one more block.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from sftsec_core.api.domain import Batch
from sftsec_core.models.model_format import read_json, read_tensors, write_json, write_tensors
from sftsec_core.recipes.dense import DenseBlock
from sftsec_core.recipes.embeddings import Embedder
from sftsec_core.recipes.goal import Goal, columns
from sftsec_core.recipes.logistic import LogisticHead, feature_bound, usable
from sftsec_core.recipes.ngrams import NgramTfidf, SharedBy
from sftsec_core.recipes.reading import Reading, joined
from sftsec_core.recipes.saved_encoders import ENCODERS, SETTINGS
from sftsec_core.recipes.view_choice import with_view
from sftsec_core.recipes.window_selector import WindowSelector

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.recipes.config import HybridConfig
    from sftsec_core.recipes.reading import Pooling, Span

WEIGHTS = "hybrid.safetensors"
_SCORED_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class CenteredEncoder:
    """A frozen encoder, and what its vectors are centred on.

    Attributes:
        center: the means of the training texts' vectors; shape (layers, hidden size).
    """

    embedder: Embedder
    center: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class HybridModel:
    """Vectors, and n-grams if it has them, with one logistic head; a `TrainedModel`.

    Attributes:
        encoders: one or two.
        ngrams: None in a probe.
        selector: ranks the windows that the encoder reads of a long text.
        dense: encodes the numbers and categories beside the text; None without any.
        vector_weight: the length of a text's vector beside that of its n-grams, which is 1.
    """

    labels: tuple[str, ...]
    encoders: tuple[CenteredEncoder, ...]
    ngrams: NgramTfidf | None
    head: LogisticHead
    selector: WindowSelector | None = None
    dense: DenseBlock | None = None
    vector_weight: float = 1.0

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        """Probabilities, shape (len(batch), len(labels))."""
        out = np.zeros((len(batch), len(self.labels)))
        for start, features in self._features(batch):
            out[start : start + features.shape[0]] = self.head.predict_proba(features)
        return out

    def _features(self, batch: Batch) -> Iterator[tuple[int, Any]]:
        """Where a part of the rows begins, and its features."""
        texts = batch.text()
        vectors = [each.embedder(texts) for each in self.encoders]
        for start in range(0, len(texts), _SCORED_AT_ONCE):
            part = slice(start, start + _SCORED_AT_ONCE)
            beside = self.dense(batch.slice(start, part.stop)) if self.dense else None
            rows = [
                found[part] - each.center
                for found, each in zip(vectors, self.encoders, strict=True)
            ]
            unit = scaled_beside(rows, self.vector_weight)
            yield start, join_blocks(texts[part], self.ngrams, unit, beside)

    def embed(self, batch: Batch) -> NDArray[np.float32]:
        """The encoders' vectors of the texts, rows of length 1; shape (len(batch), d)."""
        texts = batch.text()
        rows = [each.embedder(texts) - each.center for each in self.encoders]
        return scaled_beside(rows, 1.0)

    def reads_whole(self, batch: Batch) -> NDArray[np.bool_]:
        """Which rows the n-grams and each encoder read to their end; shape (len(batch),)."""
        return np.array([not spans for spans in self.unread(batch)], dtype=bool)

    def unread(self, batch: Batch) -> list[list[Span]]:
        """What the n-grams or an encoder do not read of each row's text: spans of characters."""
        texts = batch.text()
        unread = [each.embedder.unread(texts) for each in self.encoders]
        if self.ngrams is not None:
            unread.append(self.ngrams.unread(texts))
        return [joined(chain.from_iterable(spans)) for spans in zip(*unread, strict=True)]

    def save(self, folder: Path) -> None:
        """Write everything but the encoder, which is named by its digest."""
        ngrams = self.ngrams.tensors() if self.ngrams else {}
        selector = self.selector.tensors() if self.selector else {}
        dense = self.dense.tensors() if self.dense else {}
        named = dict(zip(ENCODERS, self.encoders, strict=False))
        centers = {f"{name}.center": each.center for name, each in named.items()}
        own = {**self.head.tensors(), **centers}
        write_tensors(folder / WEIGHTS, {**ngrams, **selector, **dense, **own})
        write_json(
            folder / SETTINGS,
            {
                "labels": list(self.labels),
                **{name: each.embedder.to_json() for name, each in named.items()},
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


def scaled_beside(vectors: Sequence[NDArray[np.float32]], weight: float) -> NDArray[np.float32]:
    """Make a row of this length of the vectors that several encoders give a text, each as much.

    Args:
        vectors: of each encoder, shape (n, its layers, its hidden size).
        weight: the length.

    Returns:
        Shape (n, the sum of layers * hidden size).
    """
    each = weight / np.sqrt(len(vectors))
    return np.hstack([scaled(rows, each) for rows in vectors])


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
    asked = [job.config.encoder, job.config.second_encoder]
    embedders = [Embedder(each, selector=selector) for each in asked if each is not None]
    bound = feature_bound(len(labels))
    shared, chars = SharedBy.of(examples, job.config.min_incidents), job.config.max_chars
    ngrams = NgramTfidf.fit(texts, bound, chars, shared=shared) if with_ngrams else None
    found, weight = [each.each(texts) for each in embedders], job.config.vector_weight

    def fit(poolings: Sequence[Pooling]) -> HybridModel:
        vectors = [each[pooling] for each, pooling in zip(found, poolings, strict=True)]
        encoders = tuple(
            CenteredEncoder(embedder.pooled(pooling), rows.mean(axis=0))
            for embedder, pooling, rows in zip(embedders, poolings, vectors, strict=True)
        )
        centered = [rows - each.center for rows, each in zip(vectors, encoders, strict=True)]
        features = join_blocks(texts, ngrams, scaled_beside(centered, weight), beside)
        head = LogisticHead.fit(features, examples, labels, job.config, seed)
        return HybridModel(labels, encoders, ngrams, head, selector, dense, weight)

    return _best_on_dev(job, [fit(poolings) for poolings in _to_try(found)])


def _to_try(found: Sequence[Mapping[Pooling, NDArray[np.float32]]]) -> list[list[Pooling]]:
    """The poolings, of each encoder one, that differ on the training texts.

    One where each text is one window. Two encoders pool alike, where both are to choose.
    """
    count = max(map(len, found))
    asked = [[*each] if len(each) == count else [*each] * count for each in found]
    first, *others = (list(poolings) for poolings in zip(*asked, strict=True))

    def differs(poolings: Sequence[Pooling]) -> bool:
        three = zip(found, poolings, first, strict=True)
        return not all(np.array_equal(each[one], each[other]) for each, one, other in three)

    return [first, *(poolings for poolings in others if differs(poolings))]


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
    encoders = tuple(
        CenteredEncoder(
            Embedder.from_json(settings[name], selector),
            tensors[f"{name}.center"].astype(np.float32, copy=False),
        )
        for name in ENCODERS
        if name in settings
    )
    return HybridModel(
        labels=labels,
        encoders=encoders,
        ngrams=NgramTfidf.from_tensors(tensors) if settings["ngrams"] else None,
        head=LogisticHead.from_tensors(tensors, len(labels)),
        selector=selector,
        dense=DenseBlock.from_parts(settings.get("dense"), tensors),
        vector_weight=float(settings["vector_weight"]),
    )
