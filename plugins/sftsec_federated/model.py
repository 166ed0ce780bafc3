"""The joined model as a site keeps and serves it; nothing of the federation is needed for that."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api import Batch, IntegrityError
from sftsec_federated.features import SharedFeatures
from sftsec_federated.head import probabilities, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

SETTINGS, WEIGHTS = "federated.json", "federated.safetensors"


@dataclass(frozen=True, slots=True)
class FederatedModel:
    """A head that several sites trained; a `TrainedModel`.

    Attributes:
        labels: the task's classes, in its order.
        order: the classes in the federation's order, which that of the weights is.
        weights: shape (r, features.width + 1).
        notes: rounds, sites and what was left out, for the card and the run's log.
    """

    labels: tuple[str, ...]
    order: tuple[str, ...]
    features: SharedFeatures
    weights: NDArray[np.float32]
    notes: Mapping[str, Any] = field(default_factory=dict)

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        """Probabilities, shape (len(batch), len(labels))."""
        proba = probabilities(self.features(batch), self.weights)
        return proba[:, [self.order.index(label) for label in self.labels]]

    def reads_whole(self, batch: Batch) -> NDArray[np.bool_]:
        """Which rows it reads to their end."""
        return self.features.reads_whole(batch)

    def save(self, folder: Path) -> None:
        """Write the weights as safetensors and the rest as JSON."""
        from safetensors.numpy import save_file

        save_file({"weights": self.weights}, folder / WEIGHTS)
        body = {
            "labels": self.labels,
            "order": self.order,
            "places": self.features.places,
            "max_chars": self.features.max_chars,
            "numbers": self.features.numbers,
            "categories": self.features.categories,
            "notes": dict(self.notes),
        }
        (folder / SETTINGS).write_text(json.dumps(body, sort_keys=True), encoding="utf-8")


def load_federated(folder: Path) -> FederatedModel:
    """Read what `save` wrote.

    Raises:
        IntegrityError: when a file is missing or not what it should be.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        body = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        weights = load_file(folder / WEIGHTS)["weights"]
        features = SharedFeatures(
            int(body["places"]),
            int(body["max_chars"]),
            tuple(body["numbers"]),
            tuple(body["categories"]),
        )
        labels, order = tuple(body["labels"]), tuple(body["order"])
        notes = body["notes"]
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise IntegrityError(f"{folder} holds no federated model: {error}") from error
    shape = (rows_of(len(order)), features.width + 1)
    if sorted(labels) != sorted(order) or weights.shape != shape:
        raise IntegrityError(f"{folder} holds weights of other classes or features")
    return FederatedModel(labels, order, features, weights, notes)
