"""A vendor's own helpers on synthetic data: for `sftsec bench connector`."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import ConnectorError
from sftsec_core.sdk.errors import RequestError
from sftsec_core.sdk.window import utc_now
from sftsec_search.config import DATASET, IndexSource
from sftsec_search.detections import document_of
from sftsec_search.setup import DETECTIONS

if TYPE_CHECKING:
    from sftsec_core.api.domain import Detection
    from sftsec_search.client import SearchClient
    from sftsec_search.connector import SearchConnector

_PRIORITY = 1000  # above every template of the site's that matches the name
# What a pull sorts and asks by; whatever else is indexed makes neither side faster or slower.
_MAPPINGS: Mapping[str, Any] = {
    "dynamic": False,
    "properties": {
        "@timestamp": {"type": "date"},
        "event": {"properties": {"module": {"type": "keyword"}}},
    },
}
Named = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Plain:
    """A vendor's client as a user makes it, and the module with its helpers."""

    client: Any
    helpers: Any


class SearchReferenceClient:
    """An index of records and data streams of detections; a `ReferenceClient`."""

    def __init__(
        self,
        name: str,
        client: SearchClient,
        plain: Plain,
        connect: Callable[[IndexSource, str], SearchConnector],
    ) -> None:
        """Take the parts.

        Args:
            name: of all that is made.
            client: for what is made and deleted; it is closed with this object.
            plain: what is measured beside the connector.
            connect: opens the connector on a source, with the namespace that it pushes to.
        """
        self._name = name
        self._client = client
        self._plain = plain
        self._connect = connect
        self._made: list[str] = []

    def set_up(self, records: Iterable[Named]) -> None:
        """Make the index and the template of the data streams; write the records."""
        self._make(f"/{self._name}", {"mappings": _MAPPINGS})
        template = {
            **DETECTIONS.body({}),
            "index_patterns": [f"logs-{DATASET}-{self._namespace('*')}"],
            "priority": _PRIORITY,
        }
        self._make(f"/_index_template/{self._name}", template, {"create": "true"})
        self.add(records)

    def add(self, records: Iterable[Named]) -> None:
        """Write more records."""
        self._bulk("index", self._name, records)
        self._client.request("POST", f"/{self._name}/_refresh")

    def empty(self, target: str) -> None:
        """Make the data stream, or make it again."""
        path = f"/_data_stream/{self._stream(target)}"
        if path in self._made:
            self._delete(path)
        self._make(path)

    def connect(self, target: str) -> SearchConnector:
        """Open the connector."""
        return self._connect(IndexSource(index=self._name), self._namespace(target))

    def scan(self, fields: Sequence[str]) -> Iterator[object]:
        """Read by `helpers.scan`, with its own page size."""
        query = {"_source": list(fields)} if fields else None
        hits: Iterator[object] = self._plain.helpers.scan(
            self._plain.client, index=self._name, query=query
        )
        return hits

    def document(self, detection: Detection) -> Mapping[str, Any]:
        """The document in ECS."""
        return document_of(detection, namespace=self._namespace("plain"), now=utc_now())

    def write(self, target: str, documents: Iterable[Named]) -> int:
        """Write by `helpers.streaming_bulk`, with its own sizes."""
        return self._bulk("create", self._stream(target), documents)

    def count(self, target: str) -> int:
        """Count, after a refresh."""
        stream = self._stream(target)
        self._client.request("POST", f"/{stream}/_refresh")
        return int(self._client.request("GET", f"/{stream}/_count")["count"])

    def clear(self) -> None:
        """Delete what was made, the data streams before their template."""
        left = []
        with _uninterrupted():  # a second Ctrl-C would leave the rest
            for path in self._made[::-1]:
                try:
                    self._delete(path)
                except ConnectorError as error:
                    left.append(f"{path} ({error})")
        if left:
            raise ConnectorError(f"the benchmark could not delete: {', '.join(left)}")

    def close(self) -> None:
        """Close all connections."""
        self._plain.client.close()
        self._client.close()

    # --- parts

    def _namespace(self, target: str) -> str:
        return f"{self._name.replace('-', '_')}.{target}"  # a namespace holds no dash

    def _stream(self, target: str) -> str:
        return f"logs-{DATASET}-{self._namespace(target)}"

    def _bulk(self, kind: str, index: str, documents: Iterable[Named]) -> int:
        actions = (
            {"_op_type": kind, "_index": index, "_id": name, "_source": document}
            for name, document in documents
        )
        done = self._plain.helpers.streaming_bulk(self._plain.client, actions)
        return sum(good for good, _ in done)

    def _make(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        self._made.append(path)  # first: what a lost answer leaves in doubt may be there
        try:
            with _uninterrupted():  # what is only being made cannot be deleted yet
                self._client.request("PUT", path, params=params, body=body)
        except RequestError as error:
            self._made.remove(path)
            raise ConnectorError(
                f"the benchmark cannot make {path}, and touches nothing of that name: {error}"
            ) from error

    def _delete(self, path: str) -> None:
        try:
            self._client.request("DELETE", path)
        except RequestError as error:
            if error.status != 404:
                raise
        self._made.remove(path)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C, and a request to end, wait."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
