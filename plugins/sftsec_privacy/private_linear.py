"""`private_linear`: hashed n-grams and a logistic head trained by DP-SGD (Abadi et al. 2016).

The features depend on no training row: character 3- to 5-grams within words, hashed into a fixed
number of places, each row scaled to length 1. A step draws rows by chance (Poisson), bounds what
each may add to the gradient, and adds Gaussian noise; Opacus's accountant (Mironov 2017, Renyi
differential privacy) finds the noise that the wanted epsilon takes. The gradient of one row is an
outer product, so its norm is known without writing it down: the training needs no torch.

Protected is one cluster of near-duplicates: one row of each is trained on. Not protected are the
number of rows, and what calibration and the decision choose on dev. The noise is drawn from the
operating system's randomness: with a seed that is known it would protect nothing, so two trainings
give two models.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api import Batch, ConfigError, DataError, IntegrityError, PrivacySpend
from sftsec_core.sdk.hashed_ngrams import hashed_ngrams
from sftsec_core.sdk.privacy_accounting import noise_for, one_a_cluster

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from scipy import sparse

    from sftsec_core.api import Example, TrainJob
    from sftsec_privacy.config import PrivateLinearConfig

SETTINGS, WEIGHTS = "private_linear.json", "private_linear.safetensors"
_MOMENTUM = 0.9
_NGRAMS = (3, 5)


@dataclass(frozen=True, slots=True)
class HashedNgrams:
    """Features that no data decide on.

    Attributes:
        places: that n-grams are hashed into.
        max_chars: read of a text.
    """

    places: int
    max_chars: int

    def __call__(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Rows of length 1, or 0 for a text without a character; shape (n, places)."""
        return hashed_ngrams(texts, _NGRAMS, self.places, self.max_chars)


@dataclass(frozen=True, slots=True)
class PrivateLinearModel:
    """A fitted head; a `TrainedModel`.

    Attributes:
        weights: shape (k, places).
        bias: shape (k,).
        notes: what was spent, for the card and the task's account.
    """

    labels: tuple[str, ...]
    features: HashedNgrams
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    notes: Mapping[str, Any] = field(default_factory=dict)

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        """Probabilities, shape (len(batch), k)."""
        rows = self.features(batch.text())
        return _softmax(np.asarray(rows @ self.weights.T.astype(np.float64)) + self.bias)

    def save(self, folder: Path) -> None:
        """Write the weights as safetensors and the rest as JSON."""
        from safetensors.numpy import save_file

        save_file({"weights": self.weights, "bias": self.bias}, folder / WEIGHTS)
        body = {
            "labels": self.labels,
            "places": self.features.places,
            "max_chars": self.features.max_chars,
            "notes": dict(self.notes),
        }
        (folder / SETTINGS).write_text(json.dumps(body, sort_keys=True), encoding="utf-8")


def load_private_linear(folder: Path) -> PrivateLinearModel:
    """Read what `save` wrote.

    Raises:
        IntegrityError: when a file is missing or not what it should be.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        body = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        tensors = load_file(folder / WEIGHTS)
        features = HashedNgrams(int(body["places"]), int(body["max_chars"]))
        labels, notes = tuple(body["labels"]), body["notes"]
        return PrivateLinearModel(labels, features, tensors["weights"], tensors["bias"], notes)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise IntegrityError(f"{folder} holds no private_linear model: {error}") from error


def train_private_linear(job: TrainJob[PrivateLinearConfig]) -> PrivateLinearModel:
    """Fit on one row of each cluster; a second for ten thousand texts.

    Raises:
        DataError: when train has fewer than two labels.
    """
    config, labels = job.config, job.task.labels
    examples = one_a_cluster(job.train)
    if len({each.label for each in examples}) < 2:
        raise DataError("training needs examples of two labels or more")
    features = HashedNgrams(config.features, config.max_chars)
    rows = features(Batch.of_examples(job.task.inputs, examples).text())
    column = {label: number for number, label in enumerate(labels)}
    y = np.array([column[each.label] for each in examples])
    trust = np.array([each.weight for each in examples])
    delta = config.delta or delta_of(len(examples))
    spend = _spend_of(config, delta)
    noise = spend.noise_multiplier
    weights, bias = _descend(rows, np.eye(len(labels))[y], trust, config, noise)
    spent = {
        "epsilon": config.epsilon,
        "delta": delta,
        **spend.to_json(),
        "rows": len(examples),
        "unit": "a cluster of near-duplicates",
    }
    return PrivateLinearModel(
        tuple(labels), features, weights, bias, {"differential_privacy": spent}
    )


def privacy_of(config: PrivateLinearConfig, train: Sequence[Example]) -> PrivacySpend:
    """What a training on these examples spends."""
    return _spend_of(config, config.delta or delta_of(max(len(one_a_cluster(train)), 2)))


def delta_of(rows: int) -> float:
    """The chance that the bound may fail, well below one in so many rows."""
    return float(rows**-1.1)


def _spend_of(config: PrivateLinearConfig, delta: float) -> PrivacySpend:
    noise = noise_for(config.epsilon, delta, config.sample_rate, config.steps)
    if noise is None:
        raise ConfigError(
            f"private_linear: no noise keeps epsilon {config.epsilon:g} in {config.steps:,} steps "
            f"that draw {config.sample_rate:.0%} of the rows: lower `steps` or `sample_rate`"
        )
    return PrivacySpend(noise, config.sample_rate, config.steps)


def _descend(
    rows: sparse.csr_matrix,
    wanted: NDArray[np.float64],
    trust: NDArray[np.float64],
    config: PrivateLinearConfig,
    noise: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Descend with clipped, noisy gradients; the mean of the second half of the steps.

    Args:
        rows: features of length 1, shape (n, d).
        wanted: the labels as columns, shape (n, k).
        trust: weights in 0..1, shape (n,).
        config: of the training.
        noise: in units of the clip.
    """
    rng = np.random.default_rng(secrets.randbits(256))
    n, (k, d) = rows.shape[0], (wanted.shape[1], rows.shape[1])
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel() + 1)  # 1 of the bias
    head, speed, mean = (np.zeros((k, d + 1)) for _ in range(3))
    for step in range(config.steps):
        drawn = np.flatnonzero(rng.random(n) < config.sample_rate)
        some = rows[drawn]
        scores = np.asarray(some @ head[:, :d].T) + head[:, d]
        errors = (_softmax(scores) - wanted[drawn]) * trust[drawn, None]
        norms = np.linalg.norm(errors, axis=1) * lengths[drawn]
        errors *= np.minimum(1, config.clip / np.maximum(norms, 1e-12))[:, None]
        gradient = np.hstack([(some.T @ errors).T, errors.sum(axis=0)[:, None]])
        gradient += rng.normal(scale=noise * config.clip, size=gradient.shape)
        speed = _MOMENTUM * speed + gradient / (config.sample_rate * n)
        head = head - config.learning_rate * speed
        if step >= config.steps // 2:
            mean += head / (config.steps - config.steps // 2)
    return mean[:, :d].astype(np.float32), mean[:, d].astype(np.float32)


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
