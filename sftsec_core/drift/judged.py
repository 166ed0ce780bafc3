"""What verdicts said of each input that a model was made of; fingerprints and counts, no text.

Alerts repeat themselves. An input that was judged keeps its verdict, so that only of the others the
label has to be estimated.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from sftsec_core.api.errors import IntegrityError
from sftsec_core.dataset.fingerprints import fingerprints
from sftsec_core.sdk.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Inputs

_ROW = np.dtype([("input", "<u8"), ("column", "<i4"), ("count", "<u4")])


@dataclass(frozen=True, slots=True)
class InputVerdicts:
    """How often each input was given each label.

    Attributes:
        rows: `input` (fingerprint), `column` and `count`, in the order of the fingerprints.
        columns: how many labels there are.
        salt: the secret that fingerprints are keyed with.
    """

    rows: NDArray[np.void]
    columns: int
    salt: bytes

    @classmethod
    def of(cls, inputs: Iterable[Inputs], y: NDArray[np.int64], columns: int, salt: bytes) -> Self:
        """Count n inputs and their true columns, shape (n,)."""
        pairs = np.zeros(len(y), dtype=_ROW[["input", "column"]])
        pairs["input"], pairs["column"] = fingerprints(inputs, salt), y
        found, counts = np.unique(pairs, return_counts=True)
        rows = np.zeros(len(found), dtype=_ROW)
        rows["input"], rows["column"], rows["count"] = found["input"], found["column"], counts
        return cls(rows, columns, salt)

    def shares(self, inputs: Iterable[Inputs]) -> NDArray[np.float64]:
        """The share of each label in an input's verdicts, shape (n, k); zeros where it has none."""
        keys = fingerprints(inputs, self.salt)
        judged = np.ascontiguousarray(self.rows["input"])
        first = np.searchsorted(judged, keys, side="left")
        held = np.searchsorted(judged, keys, side="right") - first
        event = np.repeat(np.arange(len(keys)), held)
        within = np.arange(len(event)) - np.repeat(np.cumsum(held) - held, held)
        row = self.rows[np.repeat(first, held) + within]
        shares = np.zeros((len(keys), self.columns))
        shares[event, row["column"]] = row["count"]
        total = shares.sum(axis=1, keepdims=True)
        np.divide(shares, total, out=shares, where=total > 0)
        return shares

    def fresh(self, inputs: Sequence[Inputs]) -> NDArray[np.bool_]:
        """Tell of each input whether none like it was judged, nor stands before it, shape (n,)."""
        keys = fingerprints(inputs, self.salt)
        first = np.zeros(len(keys), dtype=np.bool_)
        first[np.unique(keys, return_index=True)[1]] = True
        return np.asarray(first & ~np.isin(keys, self.rows["input"]), dtype=np.bool_)

    def save(self, file: Path) -> None:
        """Write them, whole or not at all."""
        content = io.BytesIO()
        np.save(content, self.rows, allow_pickle=False)
        write_atomically(file, content.getvalue())

    @classmethod
    def load(cls, file: Path, columns: int, salt: bytes) -> Self:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: when there is none.
            IntegrityError: when it is something else.
        """
        try:
            rows = np.load(file, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise IntegrityError(f"{file} is damaged: {error}") from error
        if rows.dtype != _ROW or rows.ndim != 1 or (rows["column"] >= columns).any():
            raise IntegrityError(f"{file} is damaged: it holds no verdicts on inputs")
        return cls(rows, columns, salt)
