"""Collections of the KV store: found, counted, written in batches that the server takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.sdk.errors import RequestError
from sftsec_splunk.client import Request, path_of
from sftsec_splunk.config import APP

if TYPE_CHECKING:
    from sftsec_splunk.client import Splunk

Document = dict[str, Any]
DETECTIONS = "sftsec_detections"
_LIKELY_CAP = 1000  # of a batch: that of Splunk 9, where the server does not tell
_CLAUSES = 100  # of one query
_QUERIES = 20  # of one batch_find
_MISSING = 404


class Collection:
    """A collection of our app, shared by all users."""

    def __init__(self, splunk: Splunk, name: str) -> None:
        self.name = name
        self._splunk = splunk
        self._data = self._path("data")
        self._cap = 0

    def _path(self, kind: str, *rest: str) -> str:
        segments = ("servicesNS", "nobody", APP, "storage", "collections", kind)
        return path_of(*segments, self.name, *rest)

    def exists(self) -> bool:
        """Return whether the app with this collection is installed.

        Raises:
            AccessError: when it may not be looked at.
        """
        return self._config() is not None

    def is_writable(self) -> bool:
        """Whether the user may write to it, as far as its access list says."""
        entries = (self._config() or {}).get("entry") or [{}]
        return bool(entries[0].get("acl", {}).get("can_write", True))

    def _config(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._splunk.get(self._path("config"))
        except RequestError as error:
            if error.status == _MISSING:
                return None
            raise
        return found

    def find(self, query: Mapping[str, Any], **paging: str | int) -> list[Document]:
        """The documents that a query matches: `sort`, `skip`, `limit` and `fields` as in REST."""
        found: list[Document] = self._splunk.get(
            self._data, query=orjson.dumps(query).decode(), **paging
        )
        return found

    def where(self, field: str, values: Sequence[str], kept: str = "") -> Iterator[Document]:
        """The documents in which a field has one of these values.

        Args:
            field: its name.
            values: any number of them.
            kept: the fields to bring, joined by commas; "" brings all.
        """
        ored = [[{field: each} for each in part] for part in parts_of(values, _CLAUSES)]
        path = self._path("data", "batch_find")
        for some in parts_of(ored, _QUERIES):
            queries = [{"query": {"$or": clauses}, "fields": kept} for clauses in some]
            request = Request("POST", path, {}, document=queries)
            # It only reads: it may be asked again.
            for found in self._splunk.retry(lambda request=request: self._splunk.send(request)):  # type: ignore[misc]
                yield from found

    def all(self, kept: str, page: int = 5000) -> Iterator[Document]:
        """All documents, in the order of their keys.

        Args:
            kept: the fields to bring, joined by commas.
            page: documents a request.
        """
        after = ""
        paging: dict[str, str | int] = {"sort": "_key", "limit": page, "fields": kept}
        while found := self.find({"_key": {"$gt": after}}, **paging):
            yield from found
            after = str(found[-1]["_key"])

    def keys(self, keys: Sequence[str]) -> set[str]:
        """Which of these keys are taken."""
        return {str(each["_key"]) for each in self.where("_key", keys, "_key")}

    def save(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Write documents under keys of their own; one that is there becomes this one.

        Raises:
            ConnectorUnavailableError: when the store does not answer up to the bound. Repeat it.
        """
        path = self._path("data", "batch_save")
        for part in parts_of(documents, self.cap()):
            request = Request("POST", path, {}, document=part)
            self._splunk.retry(lambda request=request: self._splunk.send(request))  # type: ignore[misc]

    def delete(self, keys: Sequence[str]) -> None:
        """Delete documents; one that is not there is no error."""
        for part in parts_of(keys, _CLAUSES):
            query = {"query": orjson.dumps({"$or": [{"_key": each} for each in part]}).decode()}
            request = Request("DELETE", self._data, query)
            self._splunk.retry(lambda request=request: self._splunk.send(request))  # type: ignore[misc]

    def cap(self) -> int:
        """How many documents the server takes at once: 1,000 up to Splunk 9, 10,000 from 10 on."""
        if not self._cap:
            self._cap = self._asked_cap()
        return self._cap

    def _asked_cap(self) -> int:
        name = "max_documents_per_batch_save"
        try:
            found = self._splunk.get(path_of("services", "properties", "limits", "kvstore", name))
        except RequestError:
            return _LIKELY_CAP
        return found if isinstance(found, int) and found > 0 else _LIKELY_CAP


def parts_of(values: Sequence[Any], size: int) -> Iterator[list[Any]]:
    """A sequence in parts of at most `size`."""
    for start in range(0, len(values), size):
        yield list(values[start : start + size])
