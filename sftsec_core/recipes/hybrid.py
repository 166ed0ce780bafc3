"""`probe`: a logistic head on the frozen encoder's vectors. `hybrid`: on n-grams and vectors.

Both blocks have rows of length 1, so that one regularisation serves both. The vectors of each
layer are centred on the training texts' mean first: a pretrained encoder's vectors all point
much the same way, and the head should see in what they differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from sftsec_core.api.domain import Batch
from sftsec_core.models.model_format import read_json, read_tensors, write_json, write_tensors
from sftsec_core.recipes.embeddings import Embedder
from sftsec_core.recipes.logistic import LogisticHead, feature_bound, usable
from sftsec_core.recipes.ngrams import NgramTfidf

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.recipes.config import HybridConfig

SETTINGS = "hybrid.json"
WEIGHTS = "hybrid.safetensors"
_SCORED_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class HybridModel:
    """Vectors, and n-grams if it has them, with one logistic head; a `TrainedModel`.

    Attributes:
        center: the means of the training texts' vectors; shape (layers, hidden size).
        ngrams: None in a probe.
    """

    labels: tuple[str, ...]
    embedder: Embedder
    center: NDArray[np.float32]
    ngrams: NgramTfidf | None
    head: LogisticHead

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        """Probabilities, shape (len(batch), len(labels))."""
        texts = batch.text()
        vectors = self.embedder(texts)
        out = np.zeros((len(texts), len(self.labels)))
        for start in range(0, len(texts), _SCORED_AT_ONCE):
            part = slice(start, start + _SCORED_AT_ONCE)
            features = join_blocks(texts[part], self.ngrams, flat_unit(vectors[part] - self.center))
            out[part] = self.head.predict_proba(features)
        return out

    def reads_whole(self, batch: Batch) -> NDArray[np.bool_]:
        """Which rows both the n-grams and the encoder read to their end; shape (len(batch),)."""
        whole = self.embedder.reads_whole(batch.text())
        return whole & self.ngrams.reads_whole(batch.text()) if self.ngrams else whole

    def save(self, folder: Path) -> None:
        """Write everything but the encoder, which is named by its digest."""
        ngrams = self.ngrams.tensors() if self.ngrams else {}
        write_tensors(
            folder / WEIGHTS, {**ngrams, **self.head.tensors(), "encoder.center": self.center}
        )
        write_json(
            folder / SETTINGS,
            {
                "labels": list(self.labels),
                "encoder": self.embedder.to_json(),
                "ngrams": self.ngrams is not None,
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


def join_blocks(
    texts: Sequence[str], ngrams: NgramTfidf | None, vectors: NDArray[np.float32]
) -> Any:  # noqa: ANN401 - an array or a sparse matrix
    """Features of a text: its n-grams, if any, and its vector, side by side."""
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
    examples = usable(job.train, job.task.labels)
    texts = Batch.of_examples(job.task.inputs, examples).text()
    embedder = Embedder(job.config.encoder)
    vectors = embedder(texts)
    center = vectors.mean(axis=0)
    bound = feature_bound(len(job.task.labels))
    ngrams = NgramTfidf.fit(texts, bound, job.config.max_chars) if with_ngrams else None
    features = join_blocks(texts, ngrams, flat_unit(vectors - center))
    head = LogisticHead.fit(features, examples, job.task.labels, job.config, job.settings.seed)
    return HybridModel(job.task.labels, embedder, center, ngrams, head)


def load_hybrid(folder: Path) -> HybridModel:
    """Read what `HybridModel.save` wrote, probe or hybrid.

    Raises:
        IntegrityError: when a file is missing or not what it should be, or the encoder is not
            the one that the model was trained with.
    """
    settings = read_json(folder / SETTINGS)
    labels = tuple(settings["labels"])
    tensors = read_tensors(folder / WEIGHTS)
    return HybridModel(
        labels=labels,
        embedder=Embedder.from_json(settings["encoder"]),
        center=tensors["encoder.center"].astype(np.float32, copy=False),
        ngrams=NgramTfidf.from_tensors(tensors) if settings["ngrams"] else None,
        head=LogisticHead.from_tensors(tensors, len(labels)),
    )
