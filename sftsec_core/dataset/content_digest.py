"""Digests of a table's values, column by column, whatever batches the table comes in."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc


class ContentDigest:
    """Digests a table's columns: of each, which values there are and how long, and the values."""

    def __init__(self, schema: Any) -> None:  # noqa: ANN401 - pyarrow has no types
        """Start with no rows of the schema's columns."""
        self._types = {field.name: str(field.type) for field in schema}
        self._hashes = {name: (hashlib.sha256(), hashlib.sha256()) for name in self._types}
        self.rows = 0

    def update(self, batch: Any) -> None:  # noqa: ANN401 - pyarrow has no types
        """Take a record batch."""
        self.rows += batch.num_rows
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            shape, data = self._hashes[name]
            if pa.types.is_list(column.type):
                shape.update(_integers(pc.fill_null(pc.list_value_length(column), -1)))
                column = column.flatten()  # noqa: PLW2901 - the items are digested like a column
            if pa.types.is_string(column.type):
                shape.update(_integers(pc.fill_null(pc.binary_length(column), -1)))
                data.update(_characters(column))
            else:
                shape.update(column.is_valid().to_numpy(zero_copy_only=False).tobytes())
                data.update(_values(column))

    def summary(self) -> dict[str, Any]:
        """Rows, and each column's type and digest."""
        columns = {
            name: {
                "type": self._types[name],
                "sha256": hashlib.sha256(shape.digest() + data.digest()).hexdigest(),
            }
            for name, (shape, data) in self._hashes.items()
        }
        return {"rows": self.rows, "columns": columns}

    def name(self) -> str:
        """One digest of all that `summary` says."""
        raw = orjson.dumps(self.summary(), option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(raw).hexdigest()


def _integers(column: Any) -> bytes:  # noqa: ANN401 - pyarrow has no types
    return bytes(column.to_numpy(zero_copy_only=False).astype("<i4").tobytes())


def _characters(column: Any) -> memoryview:  # noqa: ANN401 - pyarrow has no types
    _, offsets, data = column.buffers()
    if data is None:
        return memoryview(b"")
    places = np.frombuffer(offsets, np.int32)
    begin = int(places[column.offset])
    end = int(places[column.offset + len(column)])
    return memoryview(data)[begin:end]


def _values(column: Any) -> bytes:  # noqa: ANN401 - pyarrow has no types
    if pa.types.is_floating(column.type):
        filled = pc.fill_null(column, 0.0)
        return bytes(filled.to_numpy(zero_copy_only=False).astype("<f8").tobytes())
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    filled = pc.fill_null(column, False if pa.types.is_boolean(column.type) else 0)
    return bytes(filled.to_numpy(zero_copy_only=False).astype("<i8").tobytes())
