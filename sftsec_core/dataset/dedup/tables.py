"""What the deduplicator remembers, in arrays: growing columns, digests of strings."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray


class Table:
    """Columns that grow together, in place where the allocator can."""

    def __init__(self, columns: dict[str, tuple[Any, tuple[int, ...]]]) -> None:
        self._columns = {
            name: np.empty((0, *shape), kind) for name, (kind, shape) in columns.items()
        }
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._columns[name][: self._length]

    def since(self, row: int) -> dict[str, NDArray[Any]]:
        """Views of the rows from `row` on."""
        return {name: self[name][row:] for name in self._columns}

    def extend(self, rows: dict[str, NDArray[Any]]) -> None:
        """Append rows."""
        end = self._length + len(next(iter(rows.values())))
        for name, new in rows.items():
            column = self._columns[name]
            if end > len(column):
                # A quarter more at a time: realloc moves pages, it does not copy them.
                column.resize(
                    (max(end, len(column) * 5 // 4 + 4096), *column.shape[1:]), refcheck=False
                )
            column[self._length : end] = new
        self._length = end


def digests(values: Iterable[str]) -> NDArray[np.uint64]:
    """128-bit BLAKE2b of strings, shape (n, 2)."""
    blake = hashlib.blake2b
    raw = b"".join(
        blake(value.encode("utf-8", "surrogatepass"), digest_size=16).digest() for value in values
    )
    return np.frombuffer(raw, np.uint64).reshape(-1, 2)


def from_hex(values: Iterable[str]) -> NDArray[np.uint64]:
    """128-bit digests from their hex digits, shape (n, 2)."""
    return np.frombuffer(bytes.fromhex("".join(values)), np.uint64).reshape(-1, 2)


def to_hex(digests: NDArray[np.uint64]) -> Any:  # noqa: ANN401 - pyarrow has no types
    """128-bit digests, shape (n, 2), as an Arrow array of their hex digits."""
    raw = np.ascontiguousarray(digests).tobytes().hex().encode("ascii")
    places = np.arange(len(digests) + 1, dtype=np.int32) * 32
    return pa.StringArray.from_buffers(len(digests), pa.py_buffer(places), pa.py_buffer(raw))


def short_keys(digests: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """32 bits of each digest, shape (n,), to look it up by."""
    return (digests[:, 0] & np.uint64(0xFFFFFFFF)).astype(np.uint32)


def twins(keys: NDArray[np.unsignedinteger[Any]]) -> NDArray[np.bool_]:
    """Whether each key of a batch, shape (n,), stands in it more than once."""
    order = np.argsort(keys)
    found = np.empty(len(keys), np.bool_)
    found[order] = _repeated(keys[order])
    return found


def _repeated(ranked: NDArray[np.unsignedinteger[Any]]) -> NDArray[np.bool_]:
    """Whether each of some sorted keys stands there more than once."""
    equal = ranked[1:] == ranked[:-1]
    found = np.zeros(len(ranked), np.bool_)
    found[1:] |= equal
    found[:-1] |= equal
    return found


def shared_keys(bands: NDArray[np.uint32]) -> dict[int, list[int]]:
    """For each row of a batch, those of its band keys that another row of it has too."""
    flat = bands.ravel()
    if not len(flat):
        return {}
    shared: dict[int, list[int]] = defaultdict(list)
    width = bands.shape[1]
    # Keys with their places in one word: sorted in place, without a second array of indices.
    words = (flat.astype(np.uint64) << np.uint64(32)) | np.arange(len(flat), dtype=np.uint64)
    words.sort()
    repeated = words[_repeated(words >> np.uint64(32))] & np.uint64(0xFFFFFFFF)
    for place in np.sort(repeated.astype(np.int64)).tolist():
        shared[place // width].append(int(flat[place]))
    return dict(shared)
