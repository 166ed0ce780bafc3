"""The recipe `partitioned`: a vote of models, each of a part of the verdicts, with a certificate.

Deep partition aggregation, semi-supervised (Levine, Feizi: Deep Partition Aggregation, ICLR 2021):
a verdict is in one part, chosen by a hash, so that it can change one vote. What is read of a text,
a latent semantic analysis of character n-grams, is learned from texts without labels. With a lead
of `g` votes, a majority is not overturned by fewer than `(g + 1) // 2` changed verdicts, whatever
they say: changed in label or weight, with the texts as they are.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api import Batch, DataError, IntegrityError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_core.api import Example, TrainJob
    from sftsec_poison.config import PartitionedSettings

_WEIGHTS, _SETTINGS = "partitioned.safetensors", "partitioned.json"
_FEATURES = 2**15
_NEVER = -1e9  # the logit of a label that a part has no row of
_MAX_CHARS = 100_000


@dataclass(frozen=True, slots=True)
class PartitionedModel:
    """A vote of logistic regressions; a `TrainedModel`.

    Attributes:
        labels: k of them, the columns.
        idf: weights of hashed n-grams, shape (features,).
        components: what is read, shape (dimensions, features).
        weights: of each part, shape (parts, k, dimensions).
        bias: of each part, shape (parts, k).
        votes: which parts have rows, shape (parts,).
        notes: for the run's log.
    """

    labels: tuple[str, ...]
    idf: NDArray[np.float32]
    components: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    votes: NDArray[np.bool_]
    notes: Mapping[str, Any] = field(default_factory=dict)

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        """The shares of the votes, shape (len(batch), k); of equal ones the surer stands first."""
        shares, mean = self._shares(batch)
        little = 1 / (2 * (len(self.votes) + 1))  # less than a vote
        proba: NDArray[np.float64] = (1 - little) * shares + little * mean
        return proba

    def certificates(self, batch: Batch) -> NDArray[np.int64]:
        """How many verdicts (or analysts) it takes at least to change each row's majority."""
        counts = np.sort(self._shares(batch)[0] * self.votes.sum(), axis=1)
        lead = np.rint(counts[:, -1] - counts[:, -2]).astype(np.int64)
        verdicts: NDArray[np.int64] = np.maximum((lead + 1) // 2, 1)
        return verdicts

    def save(self, folder: Path) -> None:
        """Write the weights and the labels."""
        from safetensors.numpy import save_file

        tensors = {
            "idf": self.idf,
            "components": self.components,
            "weights": self.weights,
            "bias": self.bias,
            "votes": self.votes.astype(np.uint8),
        }
        save_file(
            {name: np.ascontiguousarray(each) for name, each in tensors.items()}, folder / _WEIGHTS
        )
        settings = {"labels": list(self.labels)}
        (folder / _SETTINGS).write_text(json.dumps(settings), encoding="utf-8")

    def _shares(self, batch: Batch) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The shares of the votes and the mean probabilities, each of shape (len(batch), k)."""
        from scipy.special import softmax

        if not len(batch):
            empty = np.zeros((0, len(self.labels)))
            return empty, empty
        read = _read(_weighted(batch.text(), self.idf), self.components)
        logits = np.einsum("nd,pkd->npk", read, self.weights[self.votes]) + self.bias[self.votes]
        chosen = logits.argmax(axis=2)
        shares = (chosen[:, :, None] == np.arange(len(self.labels))).mean(axis=1)
        mean = softmax(logits.astype(np.float64), axis=2).mean(axis=1)
        return shares, mean


def train_partitioned(job: TrainJob[PartitionedSettings]) -> PartitionedModel:
    """Fit a model of each part.

    Raises:
        DataError: when train has fewer than two labels.
    """
    rows = [row for row in job.train if row.weight > 0]
    if len({row.label for row in rows}) < 2:
        raise DataError("training needs examples of two labels or more")
    texts = Batch.of_examples(job.task.inputs, rows).text()
    idf = _idf(texts)
    weighted = _weighted(texts, idf)
    components = _components(weighted, job.config.dimensions, job.settings.seed)
    read = _read(weighted, components)
    part = np.array([_part(row, job.config) for row in rows])
    y = np.array([job.task.labels.index(row.label) for row in rows])
    count, classes = job.config.parts, len(job.task.labels)
    weights = np.zeros((count, classes, len(components)), dtype=np.float32)
    bias = np.full((count, classes), _NEVER, dtype=np.float32)
    for number in range(count):
        own = part == number
        if own.any():
            columns, weights_of, bias_of = _head(read[own], y[own], job.config.regularization)
            weights[number, columns], bias[number, columns] = weights_of, bias_of
    votes = np.array([(part == number).any() for number in range(count)])
    if not votes.any():
        raise DataError("no row rests on analysts of one part: take `by: verdict`")
    notes = {"parts": int(votes.sum()), "left_out": int((part < 0).sum())}
    return PartitionedModel(job.task.labels, idf, components, weights, bias, votes, notes)


def load_partitioned(folder: Path) -> PartitionedModel:
    """Read what `save` wrote.

    Raises:
        IntegrityError: when a file is missing or holds something else.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        labels = json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))["labels"]
        kept = load_file(folder / _WEIGHTS)
        return PartitionedModel(
            tuple(labels),
            kept["idf"],
            kept["components"],
            kept["weights"],
            kept["bias"],
            kept["votes"].astype(np.bool_),
        )
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise IntegrityError(f"{folder}: no model of partitioned: {error}") from error


def _part(row: Example, settings: PartitionedSettings) -> int:
    """The part that a row is in; -1 where its analysts are of several, or not named."""
    keys = (row.uid,) if settings.by == "verdict" else row.analysts
    parts = {int(hashlib.sha256(key.encode()).hexdigest(), 16) % settings.parts for key in keys}
    return parts.pop() if len(parts) == 1 else -1


def _hashed(texts: Sequence[str]) -> Any:  # noqa: ANN401 - a sparse matrix
    from sklearn.feature_extraction.text import HashingVectorizer

    hashing = HashingVectorizer(
        analyzer="char_wb",
        ngram_range=(1, 4),
        n_features=_FEATURES,
        alternate_sign=False,
        norm=None,
        dtype=np.float32,
    )
    return hashing.transform([text[:_MAX_CHARS] for text in texts])


def _idf(texts: Sequence[str]) -> NDArray[np.float32]:
    frequency = _hashed(texts).getnnz(axis=0)
    return np.asarray(np.log((1 + len(texts)) / (1 + frequency)) + 1, dtype=np.float32)


def _weighted(texts: Sequence[str], idf: NDArray[np.float32]) -> Any:  # noqa: ANN401 - a sparse matrix
    from sklearn.preprocessing import normalize

    counts = _hashed(texts)
    counts.data = 1 + np.log(counts.data)
    return normalize(counts.multiply(idf).tocsr())


def _components(weighted: Any, dimensions: int, seed: int) -> NDArray[np.float32]:  # noqa: ANN401 - a sparse matrix
    from sklearn.decomposition import TruncatedSVD

    fitting = min(dimensions, weighted.shape[0] - 1)
    model = TruncatedSVD(max(fitting, 1), n_iter=3, random_state=seed).fit(weighted)
    return np.asarray(model.components_, dtype=np.float32)


def _read(weighted: Any, components: NDArray[np.float32]) -> NDArray[np.float32]:  # noqa: ANN401 - a sparse matrix
    from sklearn.preprocessing import normalize

    return np.asarray(normalize(weighted @ components.T), dtype=np.float32)


def _head(
    read: NDArray[np.float32], y: NDArray[np.int64], regularization: float
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """The columns that a part has, with their weights, shape (c, d), and bias, shape (c,)."""
    from sklearn.linear_model import LogisticRegression

    columns = np.unique(y)
    if len(columns) == 1:
        return columns, np.zeros((1, read.shape[1]), np.float32), np.zeros(1, np.float32)
    model = LogisticRegression(C=regularization, class_weight="balanced", max_iter=500)
    model.fit(read, y)
    weights, bias = model.coef_, model.intercept_
    if len(columns) == 2:
        weights, bias = np.vstack([0 * weights, weights]), np.concatenate([0 * bias, bias])
    return columns, weights.astype(np.float32), bias.astype(np.float32)
