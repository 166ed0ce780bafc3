"""Numbers and categories as one dense block, which text models read beside the text.

A number is encoded piecewise linearly (Gorishniy, Rubachev, Babenko 2022, "On Embeddings for
Numerical Features in Tabular Deep Learning"): for each bin between two edges, how much of the bin
lies below the value, 0 to 1. A linear head can so learn any curve over the bins, and no value is
out of range: what lies beyond the training rows counts as the outermost of them, infinity too.
Half of the edges are quantiles of the values and half of the distinct values, so that a count that
is mostly 0 keeps bins for the others. A category is one-hot: rare names and those that training did
not see share a column. A missing value has a column of its own and the mean in the others.

Columns are centred on the training rows, and the block has rows of length 1 in the root mean
square: one regularisation then serves it beside blocks of text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from sftsec_core.api.domain import Batch, InputKind
from sftsec_core.api.errors import IntegrityError
from sftsec_core.recipes.category_codes import CategoryCodes

if TYPE_CHECKING:
    from numpy.typing import NDArray

BINS = 8  # by quantiles of the values, and as many by those of the distinct values
MAX_NAMES = 128  # columns of a category: the most frequent names
_LARGEST = 1e300  # numbers beyond it would overflow when they are subtracted


@dataclass(frozen=True, slots=True)
class DenseBlock:
    """The fitted encoding of a task's NUMBER and CATEGORY inputs.

    Attributes:
        edges: the bins' edges of each number, ascending; shape (bins + 1,), or (1,) and (0,) for
            one that was constant or always missing.
        codes: the names of each category.
        center: the mean of each column over the training rows; shape (width,).
        scale: what each centred column is multiplied by; 0 where training saw one value alone.
    """

    edges: Mapping[str, NDArray[np.float64]]
    codes: Mapping[str, CategoryCodes]
    center: NDArray[np.float32]
    scale: NDArray[np.float32]

    @classmethod
    def fit(cls, batch: Batch) -> Self | None:
        """Learn bins, names, means and scale of training rows; None without such inputs."""
        numbers, names = batch.numbers(), batch.categories()
        edges = {
            name: _edges(numbers[:, column])
            for column, name in enumerate(batch.names(InputKind.NUMBER))
        }
        codes = {
            name: CategoryCodes.fit(names[:, column].tolist(), MAX_NAMES)
            for column, name in enumerate(batch.names(InputKind.CATEGORY))
        }
        if not edges and not codes:
            return None
        columns = _columns(batch, edges, codes)
        mean = np.array([known.mean() if len(known) else 0 for known in _known(columns)])
        spread = np.where(np.isnan(columns), 0, columns - mean)
        varies = spread.max(0, initial=-np.inf) > spread.min(0, initial=np.inf)
        length = np.sqrt((spread[:, varies] ** 2).sum() / max(1, len(spread)))
        scale = varies / length if length > 0 else np.zeros(len(mean))
        return cls(edges, codes, mean.astype(np.float32), scale.astype(np.float32))

    @property
    def width(self) -> int:
        """Columns of the block."""
        return len(self.center)

    def __call__(self, batch: Batch) -> NDArray[np.float32]:
        """Encode rows; an input that the batch does not have is missing in each.

        Returns:
            Shape (len(batch), width), finite.
        """
        columns = _columns(batch, self.edges, self.codes)
        found = np.where(np.isnan(columns), 0, columns - self.center) * self.scale
        return np.asarray(found, dtype=np.float32)

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """The encoding's numbers as named arrays for safetensors."""
        return {
            "dense.edges": np.concatenate([np.zeros(0), *self.edges.values()]),
            "dense.center": self.center,
            "dense.scale": self.scale,
        }

    def to_json(self) -> dict[str, Any]:
        """The inputs' names, how many edges each number has, and the categories' names."""
        return {
            "numbers": [{"name": name, "edges": len(each)} for name, each in self.edges.items()],
            "categories": [
                {"name": name, "names": each.to_json()} for name, each in self.codes.items()
            ],
        }

    @classmethod
    def from_parts(cls, given: Any, tensors: Mapping[str, NDArray[np.generic]]) -> Self | None:  # noqa: ANN401 - JSON
        """Take back what `to_json` and `tensors` gave; None for a model of text alone.

        Raises:
            IntegrityError: when they do not fit each other.
        """
        if given is None:
            return None
        try:
            counts = [int(each["edges"]) for each in given["numbers"]]
            parts = np.split(tensors["dense.edges"].astype(np.float64), np.cumsum(counts))
            block = cls(
                {each["name"]: part for each, part in zip(given["numbers"], parts, strict=False)},
                {
                    each["name"]: CategoryCodes.from_json(each["names"])
                    for each in given["categories"]
                },
                tensors["dense.center"].astype(np.float32, copy=False),
                tensors["dense.scale"].astype(np.float32, copy=False),
            )
            width = _columns(Batch.of((), ()), block.edges, block.codes).shape[1]
        except (KeyError, TypeError, ValueError) as error:
            raise IntegrityError(f"the model's numbers and categories: {error}") from error
        if len(parts[-1]) or not width == len(block.center) == len(block.scale):
            raise IntegrityError("the model's numbers and categories do not fit its tensors")
        return block


def _edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.clip(values[~np.isnan(values)], -_LARGEST, _LARGEST)
    if not len(known):
        return np.zeros(0)
    places = np.linspace(0, 1, BINS + 1)
    return np.unique([np.quantile(known, places), np.quantile(np.unique(known), places)])


def _known(columns: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    return [column[~np.isnan(column)] for column in columns.T]


def _columns(
    batch: Batch,
    edges: Mapping[str, NDArray[np.float64]],
    codes: Mapping[str, CategoryCodes],
) -> NDArray[np.float64]:
    """The columns of each input before centring; NaN where the value is missing."""
    numbers, names = batch.numbers(), batch.categories()
    place = {name: i for i, name in enumerate(batch.names(InputKind.NUMBER))}
    blocks = [np.zeros((len(batch), 0))]
    for name, own in edges.items():
        values = numbers[:, place[name]] if name in place else np.full(len(batch), np.nan)
        blocks += [_piecewise(values, own), np.isnan(values)[:, None]]
    place = {name: i for i, name in enumerate(batch.names(InputKind.CATEGORY))}
    for name, known in codes.items():
        found = names[:, place[name]].tolist() if name in place else [None] * len(batch)
        codes_of = known(found)
        one_hot = np.where(
            np.isnan(codes_of)[:, None],
            np.nan,
            codes_of[:, None] == np.arange(len(known.codes) + 1),
        )
        blocks += [one_hot, np.isnan(codes_of)[:, None]]
    return np.hstack(blocks)


def _piecewise(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of each bin lies below each value, shape (n, bins); NaN for a missing value."""
    if len(edges) < 2:
        return np.zeros((len(values), 0))
    low, high = edges[:-1], edges[1:]
    inside = np.clip(values[:, None], low, high)
    return (inside - low) / (high - low)
