"""Which inputs a model was trained on, kept as salted fingerprints of eight bytes each.

A later run splits the data again, and the live model's training examples may then be in the
test part. Evaluated on them, that model would look better than any other.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from sftsec_core.api.domain import canonical_bytes
from sftsec_core.sdk.atomic import write_atomically

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.domain import Example, Inputs

_BYTES = 8


class TrainingFingerprints:
    """The inputs that a model was fitted to or selected on."""

    def __init__(self, fingerprints: NDArray[np.uint64], salt: bytes) -> None:
        self._fingerprints = fingerprints
        self._salt = salt

    @classmethod
    def of(cls, examples: Iterable[Example], salt: bytes) -> Self:
        """Take the examples of a training and a dev part; the salt is this site's."""
        return cls(np.unique(fingerprints((each.inputs for each in examples), salt)), salt)

    @classmethod
    def load(cls, file: Path, salt: bytes) -> Self | None:
        """Read what `save` wrote; None where there is nothing that can be read."""
        try:
            return cls(np.load(file, allow_pickle=False).astype(np.uint64, casting="safe"), salt)
        except (OSError, ValueError, TypeError):
            return None

    def save(self, file: Path) -> None:
        """Write the fingerprints, whole or not at all."""
        content = io.BytesIO()
        np.save(content, self._fingerprints, allow_pickle=False)
        write_atomically(file, content.getvalue())

    def __call__(self, examples: Sequence[Example]) -> NDArray[np.bool_]:
        """Tell of each example whether it, or a near-duplicate of it among these, was seen."""
        inputs = (each.inputs for each in examples)
        found = np.isin(fingerprints(inputs, self._salt), self._fingerprints)
        clusters = np.array([example.cluster for example in examples], np.int64)
        near = np.isin(clusters, clusters[found & (clusters >= 0)])
        return np.asarray(found | near, np.bool_)


def fingerprints(inputs: Iterable[Inputs], salt: bytes) -> NDArray[np.uint64]:
    """Eight bytes of each, keyed with the salt of this site, shape (n,)."""
    raw = (hashlib.blake2b(canonical_bytes(row), digest_size=_BYTES, key=salt) for row in inputs)
    return np.fromiter((int.from_bytes(each.digest(), "little") for each in raw), np.uint64)
