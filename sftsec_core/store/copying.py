"""Copies all rows of a store into another database, as they lie, and counts and sums them.

Values pass as they are stored: what is encrypted stays so, and JSON keeps its text to the letter.
The sum of a table does not depend on the order of its rows, which two databases need not share: it
is the sum of the rows' SHA-256. It shows what was lost or altered on the way; against a forger
stand the chains of the audit log and of the verdicts.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    Column,
    MetaData,
    Table,
    Text,
    cast,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.types import TypeDecorator, UserDefinedType

from sftsec_core.api.errors import IntegrityError
from sftsec_core.store.columns import UtcDateTime
from sftsec_core.store.tables import audit_head, metadata, moved, verdict_head

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row
    from sqlalchemy.types import TypeEngine

ROWS_AT_A_TIME = 2_000
_MODULUS = 2**256
# A store has one row of each from the start.
_HEADS = (audit_head.name, verdict_head.name)


class _JsonText(UserDefinedType[str]):
    """JSON as the text that lies in the database: neither read nor written again on the way."""

    cache_ok = True

    def get_col_spec(self, **_options: object) -> str:
        return "JSON"

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return cast(column, Text)


@dataclass(frozen=True, slots=True)
class TableSum:
    """What a table holds.

    Attributes:
        rows: how many.
        digest: the sum of the rows' SHA-256, 64 hex digits.
    """

    rows: int
    digest: str


def copy_rows(
    source: Connection, target: Connection, tables: Sequence[Table] | None = None
) -> dict[str, TableSum]:
    """Replace all rows of the target by those of the source, in batches, and compare.

    Args:
        source: a transaction that sees one state of the store.
        target: a transaction that writes to another store of the same version.
        tables: which, and of what columns; default: those of this version.

    Returns:
        What was copied, by table.

    Raises:
        IntegrityError: when the target does not hold what the source does.
    """
    tables = _TABLES if tables is None else tables
    for table in reversed(tables):
        target.execute(delete(table))
    copied = {}
    for table in tables:
        total, names = _Sum(), [column.name for column in table.columns]
        for rows in _batches(source, table):
            total.add(rows)
            values = [dict(zip(names, row, strict=True)) for row in rows]
            target.execute(insert(table), values)
        copied[table.name] = total.result()
    _advance_counters(target)
    compare_sums(copied, {table.name: _sum(target, table) for table in tables})
    return copied


def sums_of(connection: Connection) -> dict[str, TableSum]:
    """Count and sum all tables."""
    return {table.name: _sum(connection, table) for table in _TABLES}


def tables_of(connection: Connection) -> list[Table]:
    """The tables of a store of an earlier version, with the columns that it has."""
    inspector, raw = inspect(connection), MetaData()
    there = set(inspector.get_table_names())
    return [
        Table(table.name, raw, *(Column(c.name, c.type) for c in table.columns if c.name in names))
        for table in _TABLES
        if table.name in there
        for names in ({each["name"] for each in inspector.get_columns(table.name)},)
    ]


def compare_sums(expected: Mapping[str, TableSum], found: Mapping[str, TableSum]) -> None:
    """Let two stores of the same rows pass.

    Raises:
        IntegrityError: naming the first table that differs.
    """
    for name, wanted in expected.items():
        got = found.get(name, TableSum(0, ""))
        if got != wanted:
            raise IntegrityError(
                f"table {name}: {got.rows:,} rows were written and {wanted.rows:,} expected, or "
                "they differ; nothing was changed"
            )


def rows_in(connection: Connection) -> dict[str, int]:
    """Count the rows of all tables."""
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in _TABLES
    }


def is_empty(connection: Connection) -> bool:
    """Whether nothing was written to a store since it was made."""
    return not any(
        connection.execute(select(table).limit(1)).first()
        for table in _TABLES
        if table.name not in _HEADS
    )


def _raw(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    if isinstance(kind, UtcDateTime):
        return kind
    plain = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    return _JsonText() if isinstance(plain, JSON) else plain


def _raw_tables() -> list[Table]:
    raw = MetaData()
    return [
        Table(
            table.name,
            raw,
            *(Column(c.name, _raw(c.type), primary_key=c.primary_key) for c in table.columns),
        )
        for table in metadata.sorted_tables
        if table.name != moved.name
    ]


_TABLES = _raw_tables()


class _Sum:
    def __init__(self) -> None:
        self._rows = self._total = 0

    def add(self, rows: Sequence[Row[Any]]) -> None:
        for row in rows:
            content = repr(tuple(row)).encode("utf-8", "surrogatepass")
            self._total += int.from_bytes(hashlib.sha256(content).digest(), "big")
        self._rows += len(rows)

    def result(self) -> TableSum:
        return TableSum(self._rows, f"{self._total % _MODULUS:064x}")


def _sum(connection: Connection, table: Table) -> TableSum:
    total = _Sum()
    for rows in _batches(connection, table):
        total.add(rows)
    return total.result()


def _batches(connection: Connection, table: Table) -> Iterator[Sequence[Row[Any]]]:
    streamed = select(table).execution_options(yield_per=ROWS_AT_A_TIME)
    with connection.execute(streamed) as rows:
        yield from rows.partitions()


def _advance_counters(connection: Connection) -> None:
    """Let PostgreSQL number new rows behind those that were copied with their numbers."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is not None:
            last = connection.execute(select(func.max(column))).scalar() or 0
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence(:table, :column), :next, false)"),
                {"table": table.name, "column": column.name, "next": last + 1},
            )
