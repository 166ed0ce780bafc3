"""Lookups: CSV files and KV collections, by file name or by definition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.servers.splunkd.spl.lexer import truth
from tests.servers.splunkd.spl.rows import Cell, Row, text_of

if TYPE_CHECKING:
    from tests.servers.splunkd.entities import EntityStore
    from tests.servers.splunkd.kvstore import Collection

DEFINITIONS = "configs/conf-transforms"
COLLECTIONS = "storage/collections/config"
_NOBODY = "nobody"


@dataclass
class Table:
    """What a lookup reads and writes.

    Attributes:
        columns: the names that it knows; empty for a file that takes any.
        most: how many rows may match one row.
    """

    columns: list[str]
    most: int = 1000
    exact: bool = True
    file: list[dict[str, str]] | None = None
    collection: Collection | None = None

    def rows(self) -> list[Row]:
        if self.collection is None:
            return [Row({**row}) for row in self.file or ()]
        return [Row(_cells(document, self.columns)) for document in self.collection.find(_NOBODY)]

    def write(self, rows: Iterable[Row], *, append: bool, key_field: str | None) -> int:
        written = [self._written(row, key_field) for row in rows]
        if self.collection is not None:
            if not append and key_field is None:
                self.collection.delete(_NOBODY)
            self.collection.save(_NOBODY, written)
        elif self.file is not None:
            kept = list(self.file) if append else []
            self.file[:] = [*kept, *({n: text_of(v) for n, v in row.items()} for row in written)]
        return len(written)

    def _written(self, row: Row, key_field: str | None) -> dict[str, Any]:
        names = self.columns or [name for name in row.names() if not name.startswith("_")]
        found = {name: row.get(name) for name in names}
        if self.collection is not None:
            found["_key"] = row.get(key_field or "_key")
        return {name: value for name, value in found.items() if value is not None}


def _cells(document: dict[str, Any], columns: list[str]) -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    for name in columns or [name for name in document if name != "_user"]:
        value = document.get(name)
        if isinstance(value, bool):
            cells[name] = "true" if value else "false"
        elif isinstance(value, list):
            cells[name] = [str(each) for each in value]
        elif value is not None and not isinstance(value, dict):
            cells[name] = value
    return cells


@dataclass
class Lookups:
    """Finds tables; `files` may be filled by a test."""

    entities: EntityStore
    collections: dict[tuple[str, str], Collection]
    files: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def table(self, name: str, owner: str, app: str) -> Table | None:
        """The table of a definition or a file; None when there is neither."""
        definition = self.entities.find(DEFINITIONS, owner, app, name)
        if definition is None:
            return Table([], file=self.files[name]) if name in self.files else None
        content = definition.content
        columns = [each.strip() for each in str(content.get("fields_list", "")).split(",")]
        table = Table(
            [each for each in columns if each],
            int(content.get("max_matches") or 1000),
            truth(str(content.get("case_sensitive_match", "true"))),
        )
        if content.get("external_type") == "kvstore":
            table.collection = self._collection(str(content.get("collection")), definition.app)
            return table if table.collection is not None else None
        table.file = self.files.get(str(content.get("filename")))
        return table if table.file is not None else None

    def _collection(self, name: str, app: str) -> Collection | None:
        config = self.entities.find(COLLECTIONS, _NOBODY, app, name)
        return None if config is None else self.collections.get((config.app, name))
