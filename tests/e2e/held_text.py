"""Which files of a state folder hold a text: as raw bytes, and as their readers give them."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select

from sftsec_core.store.packing import unpack
from sftsec_core.store.store import Store
from sftsec_core.store.tables import metadata
from sftsec_core.store.vault import Vault, open_file

_PACKED = "1:"


def rows_holding(store: Store, text: str) -> list[str]:
    """The tables of a store with a row that holds a text, decrypted."""
    found = []
    with store.writing() as connection:
        for table in metadata.sorted_tables:
            rows = connection.execute(select(table)).mappings()
            said = (json.dumps(dict(row), default=str, ensure_ascii=False) for row in rows)
            if any(text.casefold() in each.casefold() for each in said):
                found.append(table.name)
    return found


def holding(folder: Path, text: str, vault: Vault | None = None) -> list[str]:
    """The files of a folder that hold a text, in any letter case, by their relative paths.

    Args:
        folder: a state folder.
        text: what is looked for.
        vault: the keys of an encrypted state.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    wanted = text.casefold()
    return [
        path.relative_to(folder).as_posix()
        for path in files
        if any(wanted in piece.casefold() for piece in _contents(path, vault))
    ]


def _contents(path: Path, vault: Vault | None) -> Iterator[str]:
    yield path.read_bytes().decode("utf-8", "replace")
    with open_file(path, vault) as stream:
        plain = stream.read()
    yield plain.decode("utf-8", "replace")
    if path.suffix == ".parquet":
        rows = pq.read_table(pa.BufferReader(plain)).to_pylist()
        yield json.dumps(rows, default=str, ensure_ascii=False)
    elif path.suffix == ".npz":
        with np.load(io.BytesIO(plain), allow_pickle=False) as arrays:
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
