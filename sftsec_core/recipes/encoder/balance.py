"""An epoch's order in which each batch holds as many examples of each class.

The classes take turns, so that any cut of the order into batches, whole or in parts, has equal
shares but for one example. An epoch stays as long as there are examples: those of rare classes come
several times, and of frequent ones another part each epoch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def balanced_order(labels: NDArray[np.int64], seed: int, epoch: int) -> NDArray[np.int64]:
    """The examples of an epoch, a class after the other in turn.

    Args:
        labels: column number of each example's class, shape (n,).
        seed: of the order.
        epoch: from 0; epochs of a frequent class continue one another until each of its examples
            was there.

    Returns:
        Numbers of examples, shape (n,).
    """
    present = np.unique(labels)
    order = np.empty(len(labels), dtype=np.int64)
    for turn, label in enumerate(present.tolist()):
        own = np.flatnonzero(labels == label)
        places = np.arange(turn, len(labels), len(present))
        key = (seed, label)
        order[places] = own[_drawn(len(own), len(places), key, epoch)]
    return order


def _drawn(of: int, count: int, key: tuple[int, int], epoch: int) -> NDArray[np.int64]:
    """Numbers below `of`, each as often as the others but for once; shape (count,).

    Of a frequent class one comes twice where a pass over all of it ends and the next begins.
    """
    if count >= of:
        rounds = np.tile(np.arange(of), (-(-count // of), 1)) if of else np.empty((0, 0), np.int64)
        mixed = np.random.default_rng((*key, epoch)).permuted(rounds, axis=1)
        return mixed.ravel()[:count]
    # A frequent class: the part that follows the last epoch's in its endless order.
    start = epoch * count
    first = start // of
    passes = range(first, (start + count - 1) // of + 1)
    order = [np.random.default_rng((*key, each)).permutation(of) for each in passes]
    return np.concatenate(order)[start - first * of :][:count]
