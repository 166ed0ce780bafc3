"""Rows of inputs as columns: what a model is asked to score.

numpy is imported where columns are made: commands that score nothing need not wait for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from sftsec_core.api.domain.inputs import (
    TEXT_INPUT,
    Blob,
    InputField,
    InputKind,
    Inputs,
    inputs_digest,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from sftsec_core.api.domain.examples import Example

EARLIER = "earlier:"  # the line between an event's own text and those of the events before it


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one task's inputs; each kind is read as columns in the order of `fields`.

    Attributes:
        fields: the task's inputs.
        rows: a mapping of input name to value each; a name that is missing is a missing value.
    """

    fields: tuple[InputField, ...]
    rows: Sequence[Inputs]

    @classmethod
    def of(cls, fields: Sequence[InputField], rows: Iterable[Inputs]) -> Self:
        """Take rows of inputs."""
        return cls(tuple(fields), tuple(rows))

    @classmethod
    def of_examples(cls, fields: Sequence[InputField], examples: Iterable[Example]) -> Self:
        """Take the inputs of examples."""
        return cls.of(fields, (example.inputs for example in examples))

    @classmethod
    def of_texts(cls, texts: Iterable[str]) -> Self:
        """Take the texts of a task whose one input is a text."""
        field = InputField(TEXT_INPUT, InputKind.TEXT, (TEXT_INPUT,))
        return cls.of((field,), ({TEXT_INPUT: text} for text in texts))

    def __len__(self) -> int:
        return len(self.rows)

    def slice(self, start: int, stop: int) -> Self:
        """The rows from `start` up to `stop`."""
        return type(self)(self.fields, self.rows[start:stop])

    def take(self, rows: Iterable[int]) -> Self:
        """The rows of these numbers, in their order; a number may occur twice."""
        return type(self)(self.fields, tuple(self.rows[row] for row in rows))

    def names(self, kind: InputKind) -> tuple[str, ...]:
        """The names of the inputs of a kind: the columns that the kind's method returns."""
        return tuple(field.name for field in self.fields if field.kind is kind)

    def text(self) -> list[str]:
        """Each row's text, "" where it has none: what `text_parts` gives, joined with newlines."""
        return ["\n".join(part for _, part in parts) for parts in self.text_parts()]

    def text_parts(self) -> list[list[tuple[str, str]]]:
        """What each row's text is made of: the name of an input and its part, in order.

        First the TEXT inputs, then the SEQUENCE inputs: a line `EARLIER`, and each item on its own.
        Those that are missing or empty have no part.
        """
        texts, sequences = self.names(InputKind.TEXT), self.names(InputKind.SEQUENCE)
        out = []
        for row in self.rows:
            parts = [(name, str(row[name])) for name in texts if row.get(name)]
            for name in sequences:
                if items := _sequence(row.get(name)):
                    parts.append((name, "\n".join((EARLIER, *items))))
            out.append(parts)
        return out

    def numbers(self) -> NDArray[np.float64]:
        """The NUMBER inputs, shape (n, d); NaN where a value is missing."""
        import numpy as np

        names = self.names(InputKind.NUMBER)
        values = [[_number(row.get(name)) for name in names] for row in self.rows]
        return np.array(values, np.float64).reshape(len(self.rows), len(names))

    def categories(self) -> NDArray[np.object_]:
        """The CATEGORY inputs, shape (n, d), str each; None where a value is missing."""
        import numpy as np

        names = self.names(InputKind.CATEGORY)
        out = np.full((len(self.rows), len(names)), None, np.object_)
        for place, row in enumerate(self.rows):
            for column, name in enumerate(names):
                value = row.get(name)
                out[place, column] = value if isinstance(value, str) and value else None
        return out

    def images(self) -> list[tuple[Blob | None, ...]]:
        """The IMAGE inputs, a tuple a row; None where a value is missing."""
        names = self.names(InputKind.IMAGE)
        return [tuple(_blob(row.get(name)) for name in names) for row in self.rows]

    def sequences(self) -> list[tuple[tuple[str, ...] | None, ...]]:
        """The SEQUENCE inputs, a tuple a row; None where a value is missing."""
        names = self.names(InputKind.SEQUENCE)
        return [tuple(_sequence(row.get(name)) for name in names) for row in self.rows]

    def digests(self) -> list[str]:
        """Each row's digest: rows of equal inputs have the same."""
        return [inputs_digest(row) for row in self.rows]


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _blob(value: object) -> Blob | None:
    return value if isinstance(value, Blob) else None


def _sequence(value: object) -> tuple[str, ...] | None:
    return value if isinstance(value, tuple) else None
