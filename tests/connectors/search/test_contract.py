"""Both connectors keep the contract that every connector keeps, against the real engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pytest

import sftsec_elastic.hooks
import sftsec_opensearch.hooks
from sftsec_core.api.contracts import ConnectorSpec
from sftsec_core.api.domain import Detection, Incident, Verdict
from sftsec_core.sdk.window import utc_now
from sftsec_core.testing import ConnectorContract, Platform, StoredDetection
from tests.connectors.search.sites import ARRIVING, as_document, own_site, stored
from tests.servers.engines.server import SearchServer
from tests.servers.kibana import start_kibana
from tests.servers.relay import Relay


def arrived(incident: Incident) -> dict[str, Any]:
    """An incident as a document that says when it came."""
    document = as_document(incident)
    inner = {"ingested": utc_now()} | document.get("event", {})
    return {**document, "event": inner}


class IndexPlatform(Platform):
    """An index with the verdict in a field, on a real engine behind a relay."""

    keeps_history: ClassVar[bool] = False  # the field holds one verdict

    def __init__(self, folder: Path, vendor: str, server: SearchServer) -> None:
        super().__init__(folder)
        self.stack = ExitStack()
        self.site = self.stack.enter_context(own_site(vendor, server))
        self.index = self.site.name("mail")
        self.site.make_index(self.index, ARRIVING)
        self.relay = self.stack.enter_context(closing(Relay(server.url)))
        self.kibana: dict[str, Any] = {}
        if vendor == "elastic":
            kibana = self.stack.enter_context(start_kibana(server))
            self.kibana = {"kibana_url": kibana.url}
        self.site.connect(self.index, **self.kibana).close()

    def spec(self) -> ConnectorSpec[Any]:
        elastic = self.site.vendor == "elastic"
        hooks = sftsec_elastic.hooks if elastic else sftsec_opensearch.hooks
        spec: ConnectorSpec[Any] = hooks.sftsec_register_connectors()[0]
        return spec

    def options(self) -> Mapping[str, Any]:
        return self.site.options(
            self.index,
            url=self.relay.url,
            page_size=self.page_size,
            max_field_bytes=1 << 15,
            retry_timeout="0.2s",
            settle="0s",  # a plant waits until a search finds it
            **self.kibana,
        )

    def fill(self, incidents: Sequence[Incident]) -> None:
        self.site.plant(self.index, {each.uid: arrived(each) for each in incidents})

    def pushed(self) -> Sequence[StoredDetection]:
        return [stored(hit) for hit in self.site.documents(self.site.stream)]

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        with self.relay.away():
            yield

    def named(self, uid: str) -> str:
        return f"{self.index}/{uid}"

    def spoil(self) -> str:
        document = {"@timestamp": "2026-01-05T08:03:30Z", "message": "hunter2 " * 10_000}
        self.site.plant(self.index, {"spoilt": document})
        return "hunter2"

    def remove(self, uid: str) -> None:
        self.site.call("DELETE", f"/{self.index}/_doc/{uid}?refresh=true")

    def add_verdict(self, uid: str, verdict: Verdict) -> None:
        said = {"word": verdict.value, "by": verdict.analyst, "at": verdict.at}
        body = orjson.dumps({"doc": {"verdict": said}}).decode()
        self.site.call("POST", f"/{self.index}/_update/{uid}?refresh=true", orjson.loads(body))

    def add_detection_verdict(self, detection: Detection, verdict: Verdict) -> None:
        if self.site.vendor == "elastic":
            super().add_detection_verdict(detection, verdict)  # in Kibana: tests/connectors/elastic
        [hit] = [h for h in self.site.documents(self.site.stream) if h["_id"] == detection.uid]
        with closing(self.site.connect(self.index)) as connector:
            connector.add_verdicts([(f"{hit['_index']}/{hit['_id']}", verdict)])

    def unwritable(self, detection: Detection) -> Detection:
        with closing(self.site.connect(self.index)) as connector:
            first = replace(detection, uid="a" * 40, fields={"size": 7})
            assert connector.push([first]).written == (first.uid,)
        return replace(detection, fields={"size": "not a number"})

    def requested(self) -> Sequence[str]:
        if self.site.vendor == "elastic":
            return super().requested()  # only of alerts: tests/connectors/elastic
        waiting = self.site.documents(f"requests-{self.site.token}")
        alerts = [hit["_source"]["alert"] for hit in waiting]
        return [f"{each['index']}/{each['id']}" for each in alerts]

    def close(self) -> None:
        self.stack.close()


class TestLabelledIndex(ConnectorContract):
    """Verdicts in a field of the documents."""

    @pytest.fixture(scope="class", params=["elastic", "opensearch"])
    @classmethod
    def new_platform(cls, request: pytest.FixtureRequest) -> Callable[[Path], Platform]:
        names = {"elastic": "elasticsearch_server", "opensearch": "opensearch_server"}
        server = request.getfixturevalue(names[request.param])
        return lambda folder: IndexPlatform(folder, request.param, server)
