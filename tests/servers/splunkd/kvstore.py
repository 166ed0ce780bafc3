"""The KV store: documents, their types, and the queries that find them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Any
from uuid import uuid4

from tests.servers.splunkd.errors import RestError
from tests.servers.splunkd.spl.rows import number

Document = dict[str, Any]
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda mine, wanted: mine > wanted,
    "$gte": lambda mine, wanted: mine >= wanted,
    "$lt": lambda mine, wanted: mine < wanted,
    "$lte": lambda mine, wanted: mine <= wanted,
}


@dataclass
class Collection:
    """The documents of one collection, by user and key; its types come from its configuration."""

    config: Mapping[str, Any]
    documents: dict[tuple[str, str], Document] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)

    def insert(self, user: str, document: Document) -> str:
        """Add a document.

        Raises:
            RestError: 409 when its key is taken.
        """
        typed = self._typed(document)
        key = str(typed.setdefault("_key", uuid4().hex[:24]))
        with self.lock:
            if (user, key) in self.documents:
                raise RestError(409, "A document with the same key and user already exists.")
            self.documents[user, key] = {**typed, "_user": user, "_key": key}
        return key

    def save(self, user: str, documents: Iterable[Document]) -> list[str]:
        """Add or replace, as `batch_save` does: all of them, or none when one cannot be."""
        typed = [self._typed(document) for document in documents]
        for document in typed:
            document["_key"] = str(document.get("_key") or uuid4().hex[:24])
        with self.lock:
            for document in typed:
                self.documents[user, document["_key"]] = {**document, "_user": user}
        return [document["_key"] for document in typed]

    def replace(self, user: str, key: str, document: Document) -> None:
        typed = self._typed(document)
        with self.lock:
            self.get(user, key)
            self.documents[user, key] = {**typed, "_user": user, "_key": key}

    def get(self, user: str, key: str) -> Document:
        with self.lock:
            try:
                return self.documents[user, key]
            except KeyError:
                raise RestError(404, "Could not find object.") from None

    def delete(self, user: str, query: Any = None) -> int:
        with self.lock:
            doomed = [document["_key"] for document in self.find(user, query)]
            for key in doomed:
                del self.documents[user, key]
        return len(doomed)

    def find(self, user: str, query: Any = None) -> list[Document]:
        matches = compile_query({} if query is None else query)
        with self.lock:
            mine = [document for (owner, _), document in self.documents.items() if owner == user]
        return [document for document in mine if matches(document)]

    def all(self) -> list[Document]:
        with self.lock:
            return list(self.documents.values())

    def _typed(self, document: Any) -> Document:
        if not isinstance(document, dict):
            raise RestError(400, "JSON in the request is invalid. ( A document is an object )")
        return {name: self._typed_value(name, value) for name, value in document.items()}

    def _typed_value(self, name: str, value: Any) -> Any:
        kind = str(self.config.get(f"field.{name}", ""))
        if value is None or kind not in _READ:
            return value
        read = _READ[kind](value)
        if read is None and self.config.get("enforceTypes"):
            raise RestError(400, f"The value of the field '{name}' is not of the type {kind}.")
        return value if read is None else read


def _as_bool(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())


_READ: dict[str, Callable[[Any], Any]] = {
    "number": lambda value: value if isinstance(value, int | float) else number(value),
    "time": lambda value: value if isinstance(value, int | float) else number(value),
    "bool": _as_bool,
    "string": lambda value: value if isinstance(value, str) else json.dumps(value),
    "array": lambda value: value if isinstance(value, list) else None,
}


def compile_query(query: Any) -> Callable[[Document], bool]:
    """A query as a function.

    Raises:
        RestError: when it is none that the KV store knows.
    """
    if not isinstance(query, dict):
        raise RestError(400, "JSON in the request is invalid. ( A query is an object )")
    parts = [_clause(name, wanted) for name, wanted in query.items()]
    return lambda document: all(part(document) for part in parts)


def _clause(name: str, wanted: Any) -> Callable[[Document], bool]:
    if name in {"$and", "$or"}:
        parts = [compile_query(each) for each in wanted]
        joined = all if name == "$and" else any
        return lambda document: joined(part(document) for part in parts)
    if name == "$not":
        inner = compile_query(wanted)
        return lambda document: not inner(document)
    if name.startswith("$"):
        raise _unknown(name)
    test = _test(wanted)
    return lambda document: test(_member(document, "_key" if name == "_id" else name))


def _unknown(operator: str) -> RestError:
    return RestError(400, f"JSON in the request is invalid. ( unknown operator: {operator} )")


def _member(document: Any, path: str) -> Any:
    if isinstance(document, dict) and path in document:
        return document[path]
    first, _, rest = path.partition(".")
    return _member(document[first], rest) if rest and _has(document, first) else None


def _has(document: Any, name: str) -> bool:
    return isinstance(document, dict) and name in document


def _test(wanted: Any) -> Callable[[Any], bool]:
    if not isinstance(wanted, dict) or not any(name.startswith("$") for name in wanted):
        return lambda mine: _equal(mine, wanted)
    parts = [_operator(name, limit) for name, limit in wanted.items() if name != "$options"]
    return lambda mine: all(part(mine) for part in parts)


def _operator(name: str, limit: Any) -> Callable[[Any], bool]:
    if name == "$ne":
        return lambda mine: not _equal(mine, limit)
    if name == "$not":
        inner = _test(limit)
        return lambda mine: not inner(mine)
    if name == "$regex":
        pattern = re.compile(str(limit))
        return lambda mine: isinstance(mine, str) and pattern.search(mine) is not None
    if name not in _OPERATORS:
        raise _unknown(name)
    apply = _OPERATORS[name]
    # As in MongoDB, values of different kinds do not compare.
    return lambda mine: _comparable(mine, limit) and apply(mine, limit)


def _comparable(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return isinstance(one, bool) and isinstance(other, bool)
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return numbers or (isinstance(one, str) and isinstance(other, str))


def _equal(mine: Any, wanted: Any) -> bool:
    return bool(mine == wanted) or (isinstance(mine, list) and wanted in mine)


def shaped(
    documents: list[Document], *, sort: str, fields: str, skip: int, limit: int
) -> list[Document]:
    """Sort (`a:1,b:-1`), page, and keep (`a,b`) or leave out (`a:0`) members."""
    for part in reversed([each for each in sort.split(",") if each]):
        name, _, direction = part.partition(":")
        documents = sorted(documents, key=_order(name), reverse=direction.strip() == "-1")
    page = documents[skip : skip + limit if limit > 0 else None]
    return [_projected(document, fields) for document in page]


def _order(name: str) -> Callable[[Document], tuple[int, Any]]:
    def key(document: Document) -> tuple[int, Any]:
        value = _member(document, name)
        if isinstance(value, bool) or value is None:
            return (0 if value is None else 3, bool(value))
        return (1, value) if isinstance(value, int | float) else (2, str(value))

    return key


def _projected(document: Document, fields: str) -> Document:
    parts = [each.strip().partition(":") for each in fields.split(",") if each.strip()]
    # The store's own name for the key is `_id`.
    kept = {"_key" if name == "_id" else name for name, _, flag in parts if flag.strip() != "0"}
    left = {"_key" if name == "_id" else name for name, _, flag in parts if flag.strip() == "0"}
    if kept:
        kept |= {"_key"} - left
        return {name: value for name, value in document.items() if name in kept}
    return {name: value for name, value in document.items() if name not in left}
