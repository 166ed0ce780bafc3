"""Signatures that were made before, looked up by the digest of the inputs that they are of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from sftsec_core.dataset.dedup.minhash import PERMUTATIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.dataset.dedup.minhash import MinHasher


@dataclass(frozen=True, slots=True)
class SignatureIndex:
    """Bands and compact signatures, in the order of the digests' first halves.

    Attributes:
        digests: of the inputs, shape (n, 2).
        bands: shape (n, bands).
        compact: shape (n, 128).
    """

    digests: NDArray[np.uint64]
    bands: NDArray[np.uint32]
    compact: NDArray[np.uint8]

    @classmethod
    def of_rows(
        cls,
        digests: NDArray[np.uint64],
        bands: NDArray[np.uint32],
        compact: NDArray[np.uint8],
    ) -> Self:
        """Take signatures in any order; a digest may stand among them twice."""
        order = np.argsort(digests[:, 0], kind="stable")
        return cls(digests[order], bands[order], compact[order])

    @classmethod
    def empty(cls, hasher: MinHasher) -> Self:
        """Know no signature."""
        bands = np.empty((0, hasher.bands), np.uint32)
        return cls(np.empty((0, 2), np.uint64), bands, np.empty((0, PERMUTATIONS), np.uint8))

    def of(
        self, wanted: NDArray[np.uint64]
    ) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint8]]:
        """Look signatures up.

        Args:
            wanted: digests of inputs, shape (n, 2).

        Returns:
            Indices of those that are not known; bands, shape (n, bands), and compact signatures,
            shape (n, 128), in which the rows of these are not set.
        """
        place = np.searchsorted(self.digests[:, 0], wanted[:, 0])
        inside = np.minimum(place, max(0, len(self.digests) - 1))
        known = np.zeros(len(wanted), np.bool_)
        if len(self.digests):
            known = (self.digests[inside] == wanted).all(axis=1)
        bands = np.empty((len(wanted), self.bands.shape[1]), np.uint32)
        compact = np.empty((len(wanted), PERMUTATIONS), np.uint8)
        bands[known], compact[known] = self.bands[inside[known]], self.compact[inside[known]]
        return np.flatnonzero(~known), bands, compact
