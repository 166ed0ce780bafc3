"""`linear`: character n-grams and logistic regression. The baseline that all others must beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.contracts import Contributions
from sftsec_core.api.domain import Batch
from sftsec_core.models.model_format import read_json, read_tensors, write_json, write_tensors
from sftsec_core.recipes.logistic import LogisticHead, feature_bound, usable
from sftsec_core.recipes.ngram_parts import character_parts
from sftsec_core.recipes.ngrams import NgramTfidf, SharedBy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from scipy import sparse

    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.recipes.config import LinearConfig
    from sftsec_core.recipes.reading import Span

SETTINGS = "linear.json"
WEIGHTS = "linear.safetensors"


@dataclass(frozen=True, slots=True)
class LinearModel:
    """N-gram features with a logistic head; a `TrainedModel`."""

    labels: tuple[str, ...]
    ngrams: NgramTfidf
    head: LogisticHead

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        """Probabilities, shape (len(batch), len(labels))."""
        return self.head.predict_proba(self.ngrams.transform(batch.text()))

    def held_ngrams(self) -> list[str]:
        """The pieces of training texts in its vocabulary."""
        return self.ngrams.words()

    def reads_whole(self, batch: Batch) -> NDArray[np.bool_]:
        """Which rows it reads to their end; shape (len(batch),)."""
        return self.ngrams.reads_whole(batch.text())

    def unread(self, batch: Batch) -> list[list[Span]]:
        """What it does not read of each row's text: spans of characters."""
        return self.ngrams.unread(batch.text())

    def contributions(self, batch: Batch, pairs: Sequence[tuple[int, int]]) -> list[Contributions]:
        """What each character adds to the log-odds of each row's pair of columns."""
        contrast = self.head.contrast(pairs)
        found = character_parts(self.ngrams, batch.text(), contrast.weights)
        return [
            Contributions(characters, bias=float(bias) + rest)
            for (characters, rest), bias in zip(found, contrast.bias, strict=True)
        ]

    def embed(self, batch: Batch) -> sparse.csr_matrix:
        """The n-gram features, rows of length 1; shape (len(batch), d)."""
        return self.ngrams.transform(batch.text())

    def save(self, folder: Path) -> None:
        """Write the vocabulary, the head and the labels."""
        write_tensors(folder / WEIGHTS, {**self.ngrams.tensors(), **self.head.tensors()})
        write_json(folder / SETTINGS, {"labels": list(self.labels)})


def train_linear(job: TrainJob[LinearConfig]) -> LinearModel:
    """Fit on the job's train part; seconds for tens of thousands of texts.

    Raises:
        DataError: when train has fewer than two labels.
    """
    examples = usable(job.train, job.task.labels)
    texts = Batch.of_examples(job.task.inputs, examples).text()
    bound = feature_bound(len(job.task.labels))
    shared = SharedBy.of(examples, job.config.min_incidents)
    ngrams = NgramTfidf.fit(texts, bound, job.config.max_chars, shared=shared)
    features = ngrams.transform(texts)
    head = LogisticHead.fit(features, examples, job.task.labels, job.config, job.settings.seed)
    return LinearModel(job.task.labels, ngrams, head)


def load_linear(folder: Path) -> LinearModel:
    """Read what `LinearModel.save` wrote.

    Raises:
        IntegrityError: when a file is missing or not what it should be.
    """
    labels = tuple(read_json(folder / SETTINGS)["labels"])
    tensors = read_tensors(folder / WEIGHTS)
    head = LogisticHead.from_tensors(tensors, len(labels))
    return LinearModel(labels, NgramTfidf.from_tensors(tensors), head)
