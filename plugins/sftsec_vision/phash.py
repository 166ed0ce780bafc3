"""The recipe "phash": the labelled pictures nearest by perceptual hash, the honest baseline.

The hash has 64 bits: which of the lowest frequencies of a picture's 32 x 32 grey values are above
their median (discrete cosine transform; Zauner, "Implementation and Benchmarking of Perceptual
Image Hash Functions", 2010). Every training picture says its label with a weight that falls with
the number of bits in which it differs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api import Batch, DataError, IntegrityError
from sftsec_vision.config import PhashConfig
from sftsec_vision.prepare import open_picture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.Image import Image

    from sftsec_core.api import Blob, TrainJob

_TENSORS, _SETTINGS = "hashes.safetensors", "phash.json"
_SIDE, _LOW = 32, 8
BITS = _LOW * _LOW
_PRIOR = 1e-3  # weight of the shares of the labels beside what the neighbours say


@dataclass(frozen=True, slots=True)
class PhashModel:
    """The hashes of labelled pictures.

    Attributes:
        labels: the classes.
        hashes: -1 and 1, shape (n, BITS).
        says: the label of each, times its weight, shape (n, len(labels)).
        width: see `PhashConfig`.
    """

    labels: tuple[str, ...]
    hashes: NDArray[np.int8]
    says: NDArray[np.float32]
    width: float

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        """Probabilities, shape (len(batch), len(labels)); shares where a row has no picture."""
        total = self.says.sum(axis=0, dtype=np.float64)
        found = np.tile(_PRIOR * total / total.sum(), (len(batch), 1))
        for row, blobs in enumerate(batch.images()):
            for blob in filter(None, blobs):
                found[row] += self._neighbours(picture_hash(open_picture(blob)))
        proba: NDArray[np.float64] = found / found.sum(axis=1, keepdims=True)
        return proba

    def save(self, folder: Path) -> None:
        """Write the hashes as safetensors, and the labels as JSON."""
        from safetensors.numpy import save_file

        save_file({"hashes": self.hashes, "says": self.says}, folder / _TENSORS)
        said = {"labels": list(self.labels), "width": self.width}
        (folder / _SETTINGS).write_text(json.dumps(said) + "\n", encoding="utf-8")

    def _neighbours(self, own: NDArray[np.int8]) -> NDArray[np.float64]:
        apart = (BITS - self.hashes.astype(np.float32) @ own.astype(np.float32)) / 2
        near = np.exp(-apart / self.width)
        said: NDArray[np.float64] = (near @ self.says).astype(np.float64)
        return said


def picture_hash(image: Image) -> NDArray[np.int8]:
    """The hash of a picture: -1 and 1, shape (BITS,)."""
    from PIL.Image import Resampling
    from scipy.fft import dctn

    grey = image.convert("L").resize((_SIDE, _SIDE), Resampling.BOX)
    low = dctn(np.asarray(grey, np.float64), norm="ortho")[:_LOW, :_LOW].ravel()
    return np.where(low > np.median(low), 1, -1).astype(np.int8)


def fit(job: TrainJob[PhashConfig]) -> PhashModel:
    """Hash the pictures of train.

    Raises:
        DataError: when no row of train has a picture, or all that have one are of one label.
    """
    batch = Batch.of_examples(job.task.inputs, job.train)
    column = {label: index for index, label in enumerate(job.task.labels)}
    hashes, says = [], []
    for example, blobs in zip(job.train, batch.images(), strict=True):
        for blob in _weighted(blobs, example.weight):
            hashes.append(picture_hash(open_picture(blob)))
            says.append(np.eye(len(column), dtype=np.float32)[column[example.label]])
            says[-1] *= np.float32(example.weight)
    table = np.array(says, np.float32).reshape(len(says), len(column))
    if (table.sum(axis=0) > 0).sum() < 2:
        raise DataError("training needs pictures of two labels or more")
    return PhashModel(tuple(job.task.labels), np.stack(hashes), table, job.config.width)


def load(folder: Path) -> PhashModel:
    """Read what `PhashModel.save` wrote.

    Raises:
        IntegrityError: when a file is missing or holds something else.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        said = json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))
        tensors = load_file(folder / _TENSORS)
        return PhashModel(
            tuple(said["labels"]), tensors["hashes"], tensors["says"], float(said["width"])
        )
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise IntegrityError(f"{folder}: the model cannot be read: {error}") from error


def _weighted(blobs: Sequence[Blob | None], weight: float) -> list[Blob]:
    return [blob for blob in blobs if blob is not None] if weight > 0 else []
