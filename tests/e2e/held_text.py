"""Which files of a state folder hold a text: as raw bytes, and as their readers give them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from sftsec_core.store.packing import unpack

_PACKED = "1:"


def holding(folder: Path, text: str) -> list[str]:
    """The files of a folder that hold a text, in any letter case, by their relative paths."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    wanted = text.casefold()
    return [
        path.relative_to(folder).as_posix()
        for path in files
        if any(wanted in piece.casefold() for piece in _contents(path))
    ]


def _contents(path: Path) -> Iterator[str]:
    yield path.read_bytes().decode("utf-8", "replace")
    if path.suffix == ".parquet":
        yield json.dumps(pq.read_table(path).to_pylist(), default=str, ensure_ascii=False)
    elif path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            yield from (each.tobytes().decode("utf-8", "replace") for each in arrays.values())
    elif path.suffix == ".db":
        yield from _rows(path)


def _rows(path: Path) -> Iterator[str]:
    with closing(sqlite3.connect(path)) as database:
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        for (name,) in database.execute(query).fetchall():
            for row in database.execute(f'SELECT * FROM "{name}"'):  # noqa: S608 - our own tables
                yield repr(row)
                packed = [v for v in row if isinstance(v, str) and v.startswith(_PACKED)]
                yield from (json.dumps(unpack(each), ensure_ascii=False) for each in packed)
