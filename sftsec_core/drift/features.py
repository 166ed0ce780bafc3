"""What is compared of an event: bins of each input, a point for its text, its template.

A text becomes a point by random Fourier features (Rahimi and Recht, 2007) of its character
n-grams, hashed: the distance between the means of two samples of such points is the maximum mean
discrepancy (Gretton et al., 2012) of the samples under a Gaussian kernel.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from sftsec_core.api.domain import Blob, InputKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.domain import InputField, Inputs
    from sftsec_core.api.domain.inputs import InputValue

POINT = 64  # numbers of a text's point
MAX_CHARS = 1000  # read of a text; bounds the work that one huge field can cause
_BUCKET_BITS = 12
_BUCKETS = 1 << _BUCKET_BITS
_MAX_N = 3
_AT_ONCE = 1024  # rows; bounds memory
_BANDWIDTH = 0.7  # of texts as unit vectors: two without a common n-gram are 1.4 apart
_SEED = 20_260_101
_BINS = 10
_NAMED_VALUES = 10
_MISSING = 0


@dataclass(frozen=True, slots=True)
class Binning:
    """How the values of one input are counted; 0 is the bin of what is missing.

    Attributes:
        edges: of numbers, ascending: of a text its characters are counted, of a sequence its items.
        values: of categories, the commonest, each as a hash; the rest share the last bin.
    """

    kind: InputKind
    edges: tuple[float, ...] = ()
    values: tuple[int, ...] = ()

    @classmethod
    def fit(cls, kind: InputKind, values: Sequence[InputValue]) -> Self:
        """Take bins of equal counts, or the commonest categories."""
        if kind is InputKind.CATEGORY:
            found = Counter(_hash(value) for value in values if isinstance(value, str) and value)
            return cls(kind, values=tuple(code for code, _ in found.most_common(_NAMED_VALUES)))
        return cls(kind, edges=edges_of([_size(value) for value in values]))

    @property
    def bins(self) -> int:
        """How many bins there are."""
        return len(self.values) + 2 if self.kind is InputKind.CATEGORY else len(self.edges) + 2

    def places(self, values: Sequence[InputValue]) -> NDArray[np.int64]:
        """The bin of each value, shape (len(values),)."""
        if self.kind is InputKind.CATEGORY:
            place = {code: number + 1 for number, code in enumerate(self.values)}
            rest = self.bins - 1
            found = [
                place.get(_hash(value), rest) if isinstance(value, str) and value else _MISSING
                for value in values
            ]
            return np.array(found, dtype=np.int64)
        return place_of(self.edges, [_size(value) for value in values])

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"kind": self.kind.value, "edges": list(self.edges), "values": list(self.values)}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read what `to_json` gave.

        Raises:
            KeyError, ValueError: when it is something else.
        """
        return cls(InputKind(body["kind"]), tuple(body["edges"]), tuple(body["values"]))


def edges_of(sizes: Sequence[float]) -> tuple[float, ...]:
    """The inner edges of up to ten bins of about equal counts; NaN is left out."""
    there = np.array([size for size in sizes if math.isfinite(size)])
    if not len(there):
        return ()
    inner = np.quantile(there, np.linspace(0, 1, _BINS + 1)[1:-1])
    return tuple(np.unique(inner).tolist())


def place_of(edges: Sequence[float], sizes: Sequence[float]) -> NDArray[np.int64]:
    """The bin of each number, 0 for one that is missing (NaN)."""
    given = np.array(sizes, dtype=np.float64)
    there = np.isfinite(given)
    found = np.searchsorted(np.array(edges), given, side="left") + 1
    return np.where(there, found, _MISSING).astype(np.int64)


def points(rows: Sequence[Inputs]) -> NDArray[np.float32]:
    """The points of rows' texts, shape (len(rows), POINT); rows without a text are at one place."""
    found = np.zeros((len(rows), POINT), dtype=np.float32)
    weights, phases = _projection()
    for start in range(0, len(rows), _AT_ONCE):
        counts = _ngram_counts([_text(row)[:MAX_CHARS] for row in rows[start : start + _AT_ONCE]])
        norms = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)))
        angles = (counts @ weights) / np.maximum(norms, 1)[:, None] + phases
        found[start : start + _AT_ONCE] = math.sqrt(2 / POINT) * np.cos(angles)
    return found


def _ngram_counts(texts: Sequence[str]) -> Any:  # noqa: ANN401 - scipy has no types
    """Counts of n-grams of one to three bytes, in buckets: sparse, shape (len(texts), _BUCKETS).

    By array arithmetic: a Python string an n-gram would take longer than a linear model's scoring.
    """
    from scipy import sparse

    # A lone surrogate has no UTF-8.
    raw = [text.lower().encode(errors="replace") for text in texts]
    owner = np.repeat(np.arange(len(raw), dtype=np.int32), [len(each) for each in raw])
    codes = np.frombuffer(b"".join(raw), dtype=np.uint8).astype(np.uint32) + np.uint32(1)
    grams, rows, buckets = np.zeros_like(codes), [owner[:0]], [codes[:0]]
    for n in range(min(_MAX_N, len(codes))):
        size = len(codes) - n
        grams = grams[:size] * np.uint32(257) + codes[n:]
        within = owner[n:] == owner[:size]
        rows.append(owner[:size][within])
        # Fibonacci hashing: the upper bits of a product with 2**32 / golden ratio.
        buckets.append(grams[within] * np.uint32(2654435769) >> np.uint32(32 - _BUCKET_BITS))
    places = (np.concatenate(rows), np.concatenate(buckets).astype(np.int32))
    ones = np.ones(len(places[0]), dtype=np.float32)
    return sparse.coo_array((ones, places), shape=(len(raw), _BUCKETS)).tocsr()


def has_text(inputs: Sequence[InputField]) -> bool:
    """Whether any input is a text or a sequence."""
    return any(each.kind in {InputKind.TEXT, InputKind.SEQUENCE} for each in inputs)


def template(row: Inputs, key: bytes) -> int:
    """A number for the row's texts and categories but for the case of letters.

    A burst of one alert is one event, however its counters go on: its copies tell nothing more of
    the stream.

    Args:
        row: an event's inputs.
        key: secret of this site, so that the number does not betray the text.
    """
    parts = []
    for name in sorted(row):
        value = row[name]
        if isinstance(value, Blob):
            value = value.sha256
        if isinstance(value, tuple):
            value = "\x1f".join(value)
        if isinstance(value, str) and value:
            parts.append(f"{name}\x1e{value.lower()}")
    if not parts:  # numbers alone: each value is its own
        parts = [f"{name}\x1e{value!r}" for name, value in sorted(row.items())]
    raw = "\x1d".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=6, key=key[:64]).digest(), "big")


@lru_cache(maxsize=1)
def _projection() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    # RandomState: its numbers are the same in every version of numpy, and a model's are kept.
    random = np.random.RandomState(_SEED)
    weights = random.standard_normal((_BUCKETS, POINT)) / _BANDWIDTH
    phases = random.uniform(0, 2 * np.pi, POINT)
    return weights.astype(np.float32), phases.astype(np.float32)


def _text(row: Inputs) -> str:
    parts = []
    for value in row.values():
        if isinstance(value, tuple):
            parts.append("\n".join(value))
        elif isinstance(value, str):
            parts.append(value)
    return "\n".join(parts)


def _size(value: InputValue) -> float:
    """A value as a number; NaN where it is missing."""
    if value is None or value in ("", ()):
        return math.nan
    if isinstance(value, str | tuple):
        return float(len(value))
    return 1.0 if isinstance(value, Blob) else float(value)


def _hash(value: str) -> int:
    raw = value.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=6).digest(), "big")
