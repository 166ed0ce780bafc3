"""Units of a split: examples that must stay together, since they share a cluster or a group."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Example


def find_groups(examples: Sequence[Example]) -> NDArray[np.int64]:
    """Number each example's unit, shape (n,).

    A unit is a connected component: two examples are joined by a common cluster (from 0 on) or
    a common group.
    """
    count = len(examples)
    nodes: dict[tuple[str, object], int] = {}
    rows, columns = [], []
    for index, example in enumerate(examples):
        if example.cluster >= 0:
            rows.append(index)
            columns.append(nodes.setdefault(("cluster", example.cluster), count + len(nodes)))
        for group in example.groups:
            rows.append(index)
            columns.append(nodes.setdefault(("group", group), count + len(nodes)))
    # Imported here: the commands that only name a split do without its 0.2 s.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = count + len(nodes)
    edges = coo_array((np.ones(len(rows), np.bool_), (rows, columns)), shape=(size, size))
    _, labels = connected_components(edges, directed=False)
    return np.asarray(labels[:count], np.int64)


def members(units: NDArray[np.int64]) -> list[list[int]]:
    """The examples of each unit, units in the order of their first example."""
    found: dict[int, list[int]] = {}
    for index, unit in enumerate(units.tolist()):
        found.setdefault(unit, []).append(index)
    return list(found.values())


def shuffled(units: Sequence[list[int]], examples: Sequence[Example], seed: int) -> list[list[int]]:
    """The units in an order that depends on the seed and on their uids only, larger ones first."""
    key = seed.to_bytes(8, "little", signed=True)

    def place(unit: list[int]) -> tuple[int, bytes]:
        name = min(examples[index].uid for index in unit)
        raw = name.encode("utf-8", "surrogatepass")
        return -len(unit), hashlib.blake2b(raw, key=key, digest_size=16).digest()

    return sorted(units, key=place)
