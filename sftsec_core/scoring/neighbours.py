"""Labelled incidents that are like others, by what a model makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.contracts import embedding_model
from sftsec_core.api.domain import Batch, Neighbour

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.contracts import TrainedModel
    from sftsec_core.api.domain import Example, InputField

LEAST = 0.3  # a cosine below it is of two incidents that have nothing in common
_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class LabelledExamples:
    """Examples with the analysts on whom their labels rest.

    Attributes:
        examples: any.
        support: an example's uid to the analysts.
    """

    examples: Sequence[Example]
    support: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class NearestExamples:
    """Finds the labelled examples that are most like rows; they are read when first asked for.

    Attributes:
        model: embeds them; one that cannot finds none.
        fields: the task's inputs.
        read: gives the examples.
        turn: held for as long as the model embeds some of them.
    """

    model: TrainedModel
    fields: tuple[InputField, ...]
    read: Callable[[], LabelledExamples]
    turn: Callable[[], AbstractContextManager[None]] = nullcontext

    def __call__(self, batch: Batch, count: int) -> list[tuple[Neighbour, ...]]:
        """Of each row the examples that are most like it, the most like first.

        Args:
            batch: rows.
            count: of examples, at most.
        """
        nothing: list[tuple[Neighbour, ...]] = [() for _ in range(len(batch))]
        model = embedding_model(self.model)
        if model is None or not len(batch) or not self._labelled.examples:
            return nothing
        out = list[tuple[Neighbour, ...]]()
        for start in range(0, len(batch), _AT_ONCE):
            rows = model.embed(batch.slice(start, start + _AT_ONCE))
            cosines = _dense(rows @ self._vectors.T)
            out += [self._nearest(each, count) for each in cosines]
        return out

    def prepare(self) -> None:
        """Read and embed the examples now, and not within the first call."""
        if embedding_model(self.model) is not None and self._labelled.examples:
            self._vectors  # noqa: B018 - a cached property

    @cached_property
    def _labelled(self) -> LabelledExamples:
        return self.read()

    @cached_property
    def _vectors(self) -> Any:  # noqa: ANN401 - an array or a sparse matrix
        model = embedding_model(self.model)
        if model is None:
            raise TypeError("the model embeds nothing")
        batch, parts = Batch.of_examples(self.fields, self._labelled.examples), []
        for start in range(0, len(batch), _AT_ONCE):
            with self.turn():
                parts.append(model.embed(batch.slice(start, start + _AT_ONCE)))
        return _stacked(parts)

    def _nearest(self, cosines: NDArray[np.float64], count: int) -> tuple[Neighbour, ...]:
        best = np.argsort(-cosines, kind="stable")[:count]
        found = ((self._labelled.examples[row], float(cosines[row])) for row in best)
        return tuple(
            Neighbour(each.uid, each.label, cosine, tuple(self._labelled.support.get(each.uid, ())))
            for each, cosine in found
            if cosine >= LEAST
        )


def _stacked(parts: Sequence[Any]) -> Any:  # noqa: ANN401 - see _vectors
    from scipy import sparse

    return sparse.vstack(parts, format="csr") if sparse.issparse(parts[0]) else np.vstack(parts)


def _dense(found: Any) -> NDArray[np.float64]:  # noqa: ANN401 - see _vectors
    rows = found.toarray() if hasattr(found, "toarray") else found
    return np.asarray(rows, dtype=np.float64)
