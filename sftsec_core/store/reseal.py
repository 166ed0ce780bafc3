"""Encrypt what lies in a state already: its files and the rows of its store.

Each file is replaced at once by its encrypted form, each batch of rows in one transaction: a
kill leaves a state that can be read; the next call goes on with the rest. Texts leave old reports.
"""

from __future__ import annotations

import json
import re
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update

from sftsec_core.sdk.atomic import sync, write_atomically
from sftsec_core.store import dialects
from sftsec_core.store.sealed_columns import SealedJson, SealedText
from sftsec_core.store.sealed_files import key_id_of
from sftsec_core.store.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Column, Connection, Table

    from sftsec_core.store.database import Database
    from sftsec_core.store.vault import Vault

LEFT_OUT = "(left out: the state is encrypted)"
# What holds incidents' content below the state folder; models and reports are not encrypted.
_SEALED = (
    "snapshots/*/*.parquet",
    "snapshots/*/blobs/*",
    "increments/*/*/*/*.parquet",
    "increments/*/*/*/*.npz",
    "increments/*/*/*/blobs/*",
    "runs/*/signatures.npz",
    "runs/*/ingest*/**/*.parquet",
    "runs/*/ingest*/**/*.npz",
    "runs/*/ingest*/**/blobs/*",
    "runs/*/examples/**/*.parquet",
    "runs/*/examples/blobs/*",
    "summaries/*.json",
    "scores/*",
)
_DRAFT = ".sealing"
_BATCH = 500
_ERROR_TEXT = re.compile(rb'(<td class="text">).*?(</td>)', re.DOTALL)


def seal_files(folder: Path, vault: Vault) -> int:
    """Encrypt every file of a state that is not encrypted with the current key; how many were.

    Raises:
        IntegrityError: when one cannot be decrypted; it stays as it is.
        OSError: when one cannot be read or written.
    """
    done = 0
    found = _files(folder, _SEALED)
    for draft in found:
        if draft.suffix == _DRAFT:  # of a call that was killed
            draft.unlink()
    for path in found:
        if path.suffix != _DRAFT and (key_id_of(path) or b"").hex() != vault.current:
            _seal(path, vault)
            done += 1
    return done


def strip_reports(folder: Path) -> int:
    """Take the texts of incidents out of the reports of runs; how many held some."""
    done = 0
    for path in _files(folder, ("runs/*/report.json", "runs/*/report.html")):
        before = path.read_bytes()
        after = _stripped_json(before) if path.suffix == ".json" else _stripped_html(before)
        if after != before:
            write_atomically(path, after)
            done += 1
    return done


def seal_rows(database: Database) -> int:
    """Write every encrypted column again, with the database's own keys; how many rows there are."""
    done = 0
    for table in metadata.sorted_tables:
        sealed = [c for c in table.columns if isinstance(c.type, (SealedText, SealedJson))]
        if sealed:
            done += sum(_seal_batches(database, table, sealed))
    dialects.forget_deleted(database.engine)
    return done


def _files(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    found = {path for pattern in patterns for path in folder.glob(pattern)}
    drafts = {path for pattern in patterns for path in folder.glob(f"{pattern}{_DRAFT}")}
    return sorted(path for path in found | drafts if path.is_file() and not path.is_symlink())


def _seal(path: Path, vault: Vault) -> None:
    draft = path.with_name(path.name + _DRAFT)
    with vault.open(path) as source, vault.create(draft) as target:
        shutil.copyfileobj(source, target, 1 << 20)
    sync(draft)
    draft.replace(path)
    sync(path.parent)


def _stripped_json(raw: bytes) -> bytes:
    with suppress(ValueError, TypeError, KeyError):
        body = json.loads(raw)
        errors = [
            {name: value for name, value in each.items() if name != "explanation"}
            | {"text": LEFT_OUT}
            for each in body["worst_errors"]
        ]
        after = {**body, "worst_errors": errors}
        for section in after.get("sections", {}).values():
            if "tables" in section:
                section["tables"] = [each for each in section["tables"] if not each.get("texts")]
        if after != json.loads(raw):
            return (json.dumps(after, indent=2) + "\n").encode()
    return raw


def _stripped_html(raw: bytes) -> bytes:
    return _ERROR_TEXT.sub(rb"\1" + LEFT_OUT.encode() + rb"\2", raw)


def _seal_batches(database: Database, table: Table, sealed: list[Column[Any]]) -> Iterator[int]:
    (key,) = table.primary_key.columns
    after = None
    while True:
        query = select(key, *sealed).order_by(key).limit(_BATCH)
        if after is not None:
            query = query.where(key > after)
        with database.writing() as connection:
            rows = connection.execute(query).all()
            if not rows:
                return
            _write_back(connection, table, sealed, rows)
        after = rows[-1][0]
        yield len(rows)


def _write_back(connection: Connection, table: Table, sealed: list[Column[Any]], rows: Any) -> None:  # noqa: ANN401 - SQLAlchemy's sequence of rows
    (key,) = table.primary_key.columns
    values: Any = {column: bindparam(f"new_{column.name}") for column in sealed}
    statement = update(table).where(key == bindparam("row_key")).values(values)
    names = ["row_key", *(f"new_{column.name}" for column in sealed)]
    connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])
