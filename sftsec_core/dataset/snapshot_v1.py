"""Snapshots of schema 1, in which every field was text: read, and never written.

It named the digest of a row's text `text_id`, and kept at most one group a row as `group`. The
digest of a lone text has stayed the same, so that labels and duplicates carry over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

SCHEMA_VERSION = 1
_TIME = pa.timestamp("us", "UTC")
_NEW_NAMES = {"text_id": "digest", "group": "groups"}
_OLD_NAMES = {new: old for old, new in _NEW_NAMES.items()}


def schema(table: str, fields: Sequence[str]) -> Any:  # noqa: ANN401 - pyarrow has no types
    """The Arrow schema in which a table was written."""
    uid = pa.field("uid", pa.string(), nullable=False)
    text_id = pa.field("text_id", pa.string(), nullable=False)
    if table == "verdicts":
        return pa.schema(
            [
                uid,
                text_id,
                pa.field("value", pa.string(), nullable=False),
                pa.field("analyst", pa.string()),
                pa.field("at", _TIME),
                pa.field("reason", pa.string()),
                pa.field("automated", pa.bool_(), nullable=False),
            ]
        )
    fixed = [
        uid,
        pa.field("cluster", pa.int64(), nullable=False),
        text_id,
        pa.field("at", _TIME),
        pa.field("group", pa.string()),
        pa.field("split", pa.string()),
    ]
    return pa.schema(fixed + [pa.field(f"field.{name}", pa.string()) for name in fields])


def stored_names(columns: Sequence[str]) -> list[str]:
    """The names under which columns were written."""
    return [_OLD_NAMES.get(name, name) for name in columns]


def upgrade(batch: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    """A batch of either table in today's names and types."""
    columns = [
        _groups(column) if field.name == "group" else column
        for field, column in zip(batch.schema, batch.columns, strict=True)
    ]
    fields = [
        pa.field(_NEW_NAMES.get(field.name, field.name), column.type, field.nullable)
        for field, column in zip(batch.schema, columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def _groups(column: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    """A list of the one group, or an empty one."""
    there = column.is_valid().to_numpy(zero_copy_only=False)
    offsets = np.concatenate(([0], np.cumsum(there))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), column.drop_null())
