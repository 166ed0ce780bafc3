"""Both connectors keep the contract that every connector keeps, against the real engines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import sftsec_elastic.hooks
import sftsec_opensearch.hooks
from sftsec_core.api.contracts import Connector
from sftsec_core.api.domain import Incident
from sftsec_core.testing import ConnectorContract, PluginContract
from tests.connectors.search.sites import Site, as_document
from tests.servers.kibana import start_kibana


class TestElasticPlugin(PluginContract):
    def plugin(self) -> ModuleType:
        return sftsec_elastic.hooks


class TestOpenSearchPlugin(PluginContract):
    def plugin(self) -> ModuleType:
        return sftsec_opensearch.hooks


class TestLabelledIndex(ConnectorContract):
    """Verdicts in a field of the documents."""

    @pytest.fixture(autouse=True)
    def _own_site(self, site: Site) -> Iterator[None]:
        self.site = site
        self.index = site.name("mail")
        self.kibana: dict[str, Any] = {}
        if site.vendor == "opensearch":
            yield
            return
        with start_kibana(site.server) as kibana:
            self.kibana = {"kibana_url": kibana.url}
            yield

    def fill(self, folder: Path, incidents: Sequence[Incident]) -> None:
        self.site.make_index(self.index)
        self.site.plant(self.index, {each.uid: as_document(each) for each in incidents})

    def connect(self, folder: Path) -> Connector:
        return self.site.connect(
            self.index, page_size=self.page_size, max_field_bytes=4096, **self.kibana
        )

    def pushed(self, folder: Path) -> Sequence[str]:
        return [hit["_id"] for hit in self.site.documents(self.site.stream)]

    def named(self, folder: Path, uid: str) -> str:
        return f"{self.index}/{uid}"

    def spoil(self, folder: Path) -> str | None:
        long = "hunter2 " * 1000
        document = {"@timestamp": "2026-01-05T08:03:30Z", "message": long}
        self.site.plant(self.index, {"spoilt": document})
        return "hunter2"
