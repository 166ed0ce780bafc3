"""MinHash signatures of texts, a batch at a time, and the bands under which near ones meet.

Shingles are hashed with numpy over the code points of the whole batch; the signatures come from
rensa (Rust). Of a signature we keep the bands, hashed to 32 bits, to find candidates, and its
lowest bytes to verify them (b-bit minwise hashing, Li and König 2010): 128 bytes a text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import rensa

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

PERMUTATIONS = 128
_SEED = 42
_BATCH_CHARS = 1 << 20
_MIX = np.uint64(0x9E3779B97F4A7C15)
_RECALL = 0.99
_CHANCE = 1 / 256  # that the lowest bytes of different hashes agree


def choose_bands(threshold: float) -> tuple[int, int]:
    """Choose how many bands of how many rows find texts at the threshold.

    Of the choices that find two texts exactly at the threshold with probability 0.99 or more,
    the one with the fewest false candidates, which is that of the longest bands.

    Returns:
        Bands and rows a band.
    """
    for rows in range(16, 1, -1):
        bands = PERMUTATIONS // rows
        if 1 - (1 - threshold**rows) ** bands >= _RECALL:
            return bands, rows
    return PERMUTATIONS // 2, 2


def least_matches(threshold: float) -> int:
    """How many of the kept bytes must agree for an estimated similarity of the threshold."""
    share = threshold * (1 - _CHANCE) + _CHANCE
    return int(np.ceil(share * PERMUTATIONS - 1e-9))


class MinHasher:
    """Turns texts into bands and compact signatures."""

    def __init__(self, shingle: int, threshold: float) -> None:
        """Choose the bands.

        Args:
            shingle: characters a shingle.
            threshold: the Jaccard similarity from which texts are near.
        """
        self.shingle = shingle
        self.bands, self._rows = choose_bands(threshold)

    def __call__(self, texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Hash texts, none shorter than a shingle.

        Returns:
            Bands, shape (n, bands), and compact signatures, shape (n, 128).
        """
        bands = np.empty((len(texts), self.bands), np.uint32)
        compact = np.empty((len(texts), PERMUTATIONS), np.uint8)
        for start, stop in _batches(texts):
            digests = self._digests(texts[start:stop])
            bands[start:stop] = self._band_hashes(digests)
            compact[start:stop] = digests.astype(np.uint8)
        return bands, compact

    def _digests(self, texts: Sequence[str]) -> NDArray[np.uint32]:
        tokens, offsets = self._shingles(texts)
        make: Any = rensa.RMinHash.digest_matrix_from_flat_token_hashes
        rows = make(tokens, offsets, PERMUTATIONS, _SEED).to_rows()
        return np.array(rows, np.uint32).reshape(len(texts), PERMUTATIONS)

    def _shingles(self, texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """All texts' shingles, hashed, one after the other, and where each text's begin."""
        width = self.shingle
        raw = "".join(texts).encode("utf-32-le", "surrogatepass")
        points = np.frombuffer(raw, np.uint32).astype(np.uint64)
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        starts = len(points) - width + 1
        hashed = np.zeros(starts, np.uint64)
        for place in range(width):
            hashed *= _MIX
            hashed += points[place : place + starts]
            hashed ^= hashed >> np.uint64(29)
        hashed *= _MIX
        hashed ^= hashed >> np.uint64(32)
        whole = np.ones(len(points), np.bool_)
        ends = np.cumsum(lengths)
        for back in range(1, width):
            whole[ends - back] = False  # a shingle here would run into the next text
        offsets = np.zeros(len(texts) + 1, np.uint64)
        np.cumsum(lengths - width + 1, out=offsets[1:])
        return hashed[whole[:starts]], offsets

    def _band_hashes(self, digests: NDArray[np.uint32]) -> NDArray[np.uint32]:
        used = digests[:, : self.bands * self._rows].astype(np.uint64)
        parts = used.reshape(len(digests), self.bands, self._rows)
        hashed = np.arange(self.bands, dtype=np.uint64) * _MIX + np.zeros_like(parts[:, :, 0])
        for row in range(self._rows):
            hashed = (hashed ^ parts[:, :, row]) * _MIX
            hashed ^= hashed >> np.uint64(31)
        return (hashed >> np.uint64(32)).astype(np.uint32)


def _batches(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Cut a batch so that the work arrays stay small, whatever the texts' length."""
    start = chars = 0
    for index, text in enumerate(texts):
        if chars and chars + len(text) > _BATCH_CHARS:
            yield start, index
            start, chars = index, 0
        chars += len(text)
    if start < len(texts):
        yield start, len(texts)
