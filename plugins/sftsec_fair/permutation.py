"""Whether groups differ by more than chance, over all groups at once, by permuting them.

Each group's mean is compared with that of the rest; the largest difference of permuted groups, in
standard errors, is what chance gives ("Resampling-based multiple testing", Westfall and Young,
1993). Whole clusters are permuted: copies of one incident are one piece of evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sftsec_fair.membership import Group

_BLOCK = 2_000_000  # numbers that are permuted at once: 16 MB
_EVEN = 1e-9


@dataclass(frozen=True, slots=True)
class _Units:
    """Clusters: the sum and number of their rows, and which groups and rests they are in.

    Attributes:
        sums: shape (u,).
        sizes: shape (u,).
        inside: shape (u, g), 0 or 1.
        rest: shape (u, g), 0 or 1.
    """

    sums: NDArray[np.float64]
    sizes: NDArray[np.float64]
    inside: NDArray[np.float64]
    rest: NDArray[np.float64]

    def observed(self, spread: float) -> NDArray[np.float64]:
        """Each group's mean less its rest's, in standard errors, shape (1, g)."""
        return self._differences(self.sums[None], self.sizes[None], spread)

    def permuted(self, count: int, rng: np.random.Generator, spread: float) -> NDArray[np.float64]:
        """The same of clusters that are permuted, shape (count, g)."""
        if (self.sizes == self.sizes[0]).all():  # then only the sums change places
            sums = rng.permuted(np.tile(self.sums, (count, 1)), axis=1)
            return self._differences(sums, self.sizes[None], spread)
        order = rng.permuted(np.tile(np.arange(len(self.sums)), (count, 1)), axis=1)
        return self._differences(self.sums[order], self.sizes[order], spread)

    @property
    def are_rows(self) -> bool:
        """Whether each is one row that is bad or is not."""
        return bool((self.sizes == 1).all() and ((self.sums == 0) | (self.sums == 1)).all())

    def drawn(self, count: int, rng: np.random.Generator, spread: float) -> NDArray[np.float64]:
        """As `permuted`, by how many of the ones fall to rows that are in the same groups."""
        both = np.concatenate([self.inside, self.rest], axis=1).astype(np.bool_)
        kinds, sizes = np.unique(both, axis=0, return_counts=True)
        ones = rng.multivariate_hypergeometric(sizes, int(self.sums.sum()), size=count)
        inside, rest = np.split(kinds.astype(float), 2, axis=1)
        alike = _Units(sizes.astype(float), sizes.astype(float), inside, rest)
        return alike._differences(ones.astype(float), alike.sizes[None], spread)

    def _differences(
        self, sums: NDArray[np.float64], sizes: NDArray[np.float64], spread: float
    ) -> NDArray[np.float64]:
        """0 where a side has no row."""
        ours, theirs = sizes @ self.inside, sizes @ self.rest
        both = (ours > 0) & (theirs > 0)
        ours, theirs = np.where(both, ours, 1.0), np.where(both, theirs, 1.0)
        found = sums @ self.inside / ours - sums @ self.rest / theirs
        return np.where(both, found / (spread * np.sqrt(1 / ours + 1 / theirs)), 0.0)


def chance(
    values: NDArray[np.float64],
    clusters: NDArray[np.int64],
    groups: Sequence[Group],
    *,
    two_sided: bool,
    permutations: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """The probability that chance alone makes some group differ as much from its rest.

    Args:
        values: of n rows; a group with more of it than the rest is worse.
        clusters: rows of one number are permuted together and are of the same groups, shape (n,).
        groups: g of them, of these n rows.
        two_sided: whether less is as bad.
        permutations: how many are drawn.
        rng: what they are drawn from.

    Returns:
        Shape (g,), corrected for all groups.
    """
    spread = float(values.std()) if groups else 0.0
    if spread < _EVEN:
        return np.ones(len(groups))
    units = _units(values, clusters, groups)
    own, draw = units.observed(spread), units.drawn if units.are_rows else units.permuted
    block = permutations if units.are_rows else max(1, _BLOCK // len(units.sums))
    reached = np.zeros(len(groups), dtype=np.int64)
    for start in range(0, permutations, block):
        drawn = draw(min(block, permutations - start), rng, spread)
        largest = (np.abs(drawn) if two_sided else drawn).max(axis=1, keepdims=True)
        observed = np.abs(own) if two_sided else own
        reached += (largest >= observed - _EVEN).sum(axis=0)
    return np.asarray((1 + reached) / (1 + permutations))


def _units(
    values: NDArray[np.float64], clusters: NDArray[np.int64], groups: Sequence[Group]
) -> _Units:
    _, first, place = np.unique(clusters, return_index=True, return_inverse=True)
    return _Units(
        np.bincount(place, values).astype(float),
        np.bincount(place).astype(float),
        np.stack([each.inside[first] for each in groups], axis=1).astype(float),
        np.stack([each.rest[first] for each in groups], axis=1).astype(float),
    )
