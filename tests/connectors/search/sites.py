"""A site of a test's own on a shared engine: its indices, its data stream, its connector."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from sftsec_core.api.domain import Incident, IncidentPage, PullWindow
from sftsec_core.sdk.ownership import Ownership
from sftsec_core.sdk.window import utc_now
from sftsec_core.testing import StoredDetection
from sftsec_elastic.config import ElasticConfig
from sftsec_elastic.connector import ElasticConnector
from sftsec_opensearch.config import OpenSearchConfig
from sftsec_opensearch.connector import OpenSearchConnector
from sftsec_search.connector import SearchConnector
from tests.servers.engines.server import SearchServer, own_names

EVERYTHING = PullWindow()
OWNERSHIP = Ownership(b"\x07" * 32)  # of a site whose outbox knows nothing
PASSWORD = "SFTSEC_TEST_ENGINE_PASSWORD"
MAPPINGS: Mapping[str, Any] = {
    "properties": {
        "@timestamp": {"type": "date"},
        "message": {"type": "text"},
        "host": {"properties": {"name": {"type": "keyword"}}},
        "event": {"properties": {"module": {"type": "keyword"}}},
        "verdict": {
            "properties": {
                "word": {"type": "keyword"},
                "by": {"type": "keyword"},
                "at": {"type": "date"},
            }
        },
    }
}
ARRIVING: Mapping[str, Any] = {
    "properties": {
        **MAPPINGS["properties"],
        "event": {"properties": {"module": {"type": "keyword"}, "ingested": {"type": "date"}}},
    }
}
LABELLED: Mapping[str, Any] = {
    "kind": "index",
    "label": "verdict.word",
    "analyst": "verdict.by",
    "verdict_time": "verdict.at",
}


@dataclass
class Site:
    """A part of an engine that only one test uses.

    Attributes:
        name: makes a name that is this test's own.
        token: the site's own namespace.
    """

    vendor: str
    server: SearchServer
    name: Callable[[str], str]
    token: str = field(init=False)

    def __post_init__(self) -> None:
        self.token = self.name("site").replace("-", "_")  # a namespace holds no dash

    # --- the connector

    def connect(
        self,
        index: str | None = None,
        *,
        clock: Callable[[], datetime] | None = None,
        setup: bool = True,
        **options: Any,
    ) -> SearchConnector:
        """Open a connector, by default to one labelled index."""
        connector = self._connector(self.options(index, **options), clock)
        if setup:
            connector.setup()
        return connector

    def options(self, index: str | None = None, **options: Any) -> dict[str, Any]:
        """What `connectors.NAME` says for this site."""
        server = self.server
        given: dict[str, Any] = {"url": server.url, "namespace": self.token, "retry_timeout": "20s"}
        if server.username is not None:
            given |= {"username": server.username, "password": f"env:{PASSWORD}"}
        if server.ca_file is not None:
            given["ca_file"] = str(server.ca_file)
        if self.vendor == "opensearch":
            given |= {
                "verdicts_index": f"verdicts-{self.token}",
                "requests_index": f"requests-{self.token}",
            }
        if index is not None:
            given["sources"] = [{**LABELLED, "index": index}]
        return given | options

    def _connector(
        self, options: Mapping[str, Any], clock: Callable[[], datetime] | None
    ) -> SearchConnector:
        clock = clock or utc_now
        given: dict[str, Any] = {"name": "siem", "clock": clock, "ownership": OWNERSHIP}
        if self.vendor == "elastic":
            return ElasticConnector(ElasticConfig.model_validate(options), **given)
        return OpenSearchConnector(OpenSearchConfig.model_validate(options), **given)

    # --- the engine itself

    @property
    def stream(self) -> str:
        """The site's data stream of detections."""
        return f"logs-sftsec.detections-{self.token}"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request that must succeed."""
        status, answer = self.server.call(method, path, body)
        assert status < 300, (method, path, status, answer)
        return answer

    def make_index(
        self, index: str, mappings: Mapping[str, Any] = MAPPINGS, **settings: Any
    ) -> None:
        """Make an index with two shards, so that an order has ties to break."""
        chosen = {"number_of_shards": 2, "number_of_replicas": 0, **settings}
        self.call("PUT", f"/{index}", {"settings": chosen, "mappings": mappings})

    def plant(self, index: str, documents: Mapping[str, Mapping[str, Any]]) -> None:
        """Write documents by their ids, and make them visible."""
        if not documents:
            return
        lines = b""
        for name, document in documents.items():
            lines += orjson.dumps({"index": {"_id": name}}) + b"\n" + orjson.dumps(document) + b"\n"
        answer = self.call("POST", f"/{index}/_bulk?refresh=true", lines.decode())
        failed = [item for item in answer["items"] if item["index"]["status"] >= 300]
        assert failed == []

    def documents(self, index: str) -> list[dict[str, Any]]:
        """All hits of an index or data stream; none where it is not there."""
        self.server.call("POST", f"/{index}/_refresh")
        path = f"/{index}/_search?ignore_unavailable=true&size=10000"
        hits: list[dict[str, Any]] = self.call("POST", path)["hits"]["hits"]
        return hits


@contextmanager
def own_site(vendor: str, server: SearchServer) -> Iterator[Site]:
    """Give a site; take it away afterwards."""
    with own_names(server) as name, pytest.MonkeyPatch.context() as patch:
        if server.password is not None:
            patch.setenv(PASSWORD, server.password)
        yield Site(vendor, server, name)


def as_document(incident: Incident) -> dict[str, Any]:
    """An incident as an index of `MAPPINGS` holds it: nested, with a flat name among them."""
    document: dict[str, Any] = {"@timestamp": incident.at, **incident.fields}
    for verdict in incident.verdicts:
        document["verdict"] = {"word": verdict.value, "by": verdict.analyst, "at": verdict.at}
    return document


def stored(hit: Mapping[str, Any]) -> StoredDetection:
    """A document of the data stream, as a connector's contract looks at it."""
    ours = hit["_source"]["sftsec"]
    probability = ours["prediction_probability"]
    incident = ours["incident"]["uid"]
    return StoredDetection(hit["_id"], incident, ours["label"], probability, ours["labels"])


def folder_name(folder: Path) -> str:
    """A test's folder as a part of an index name."""
    return re.sub(r"[^a-z0-9]", "", folder.name.lower())[-24:] or "x"


def pages(
    connector: SearchConnector, window: PullWindow = EVERYTHING, cursor: str | None = None
) -> list[IncidentPage]:
    """Pull to the end."""
    return list(connector.pull(window, cursor=cursor))


def incidents(found: Iterable[IncidentPage]) -> list[Incident]:
    """The incidents of pages."""
    return [incident for page in found for incident in page.incidents]


def uids(found: Iterable[IncidentPage]) -> list[str]:
    """The names of the incidents of pages."""
    return [incident.uid for incident in incidents(found)]


def ids(found: Sequence[IncidentPage]) -> list[str]:
    """The `_id`s of the incidents of pages."""
    return [uid.partition("/")[2] for uid in uids(found)]
