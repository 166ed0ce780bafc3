"""A Splunk of a test's own: the double, with the app's collections, an index and a token."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sftsec_core.packages.splunk import build_app
from sftsec_core.sdk.ownership import Ownership
from sftsec_core.sdk.window import utc_now
from sftsec_splunk.config import SplunkConfig
from sftsec_splunk.connector import SplunkConnector
from tests.servers.splunkd.events import Origin
from tests.servers.splunkd.server import start_splunkd
from tests.servers.splunkd.state import Splunkd

APP = "sftsec"
HEC_TOKEN = "22222222-2222-2222-2222-222222222222"
OWNERSHIP = Ownership(b"\x07" * 32)  # of a site whose outbox knows nothing


@dataclass
class Site:
    """The double, and how to connect to it."""

    splunk: Splunkd

    def settings(self, **settings: Any) -> dict[str, Any]:
        hec = {
            "url": self.splunk.hec_url,
            "token": "env:SFTSEC_TEST_HEC_TOKEN",
            "latency": "0.3s",
            "ack_timeout": "2s",
            **settings.pop("hec", {}),
        }
        login = {"username": self.splunk.username, "password": "env:SFTSEC_TEST_PASSWORD"}
        given = {
            "url": self.splunk.url,
            "hec": hec,
            "retry_timeout": "3s",
            "timeout": "10s",
            **settings,
        }
        return given if "token" in given else {**login, **given}

    def connect(self, **settings: Any) -> SplunkConnector:
        return self.connect_at(utc_now, **settings)

    def connect_at(self, clock: Callable[[], datetime], **settings: Any) -> SplunkConnector:
        """Connect, with a clock of the test's own."""
        config = SplunkConfig.model_validate(self.settings(**settings))
        return SplunkConnector(config, name="siem", clock=clock, ownership=OWNERSHIP)

    def index(
        self,
        index: str,
        at: float,
        sourcetype: str = "test",
        *,
        indexed_at: float | None = None,
        **fields: Any,
    ) -> None:
        """Index an event of JSON, as `index_event` says."""
        origin = Origin(index, "here", "tests", sourcetype)
        self.splunk.index_event(json.dumps(fields), at, origin, indexed_at=indexed_at)

    def drop_collection(self, name: str) -> None:
        entity = self.splunk.entities.find("storage/collections/config", "nobody", APP, name)
        assert entity is not None
        self.splunk.entities.remove(entity)

    def set_kv_cap(self, most: int) -> None:
        entity = self.splunk.entities.find("configs/conf-limits", "nobody", "search", "kvstore")
        assert entity is not None
        entity.content["max_documents_per_batch_save"] = str(most)

    def detections(self) -> list[dict[str, Any]]:
        """The detections in the index, copies too."""
        return [json.loads(each.raw) for each in self.splunk.events("sftsec")]


@contextmanager
def own_site(monkeypatch: Any, **settings: Any) -> Iterator[Site]:
    """Start the double, with our app installed."""
    with start_splunkd(**{"tls": False, **settings}) as splunk:
        monkeypatch.setenv("SFTSEC_TEST_HEC_TOKEN", HEC_TOKEN)
        monkeypatch.setenv("SFTSEC_TEST_PASSWORD", splunk.password)
        with TemporaryDirectory(prefix="sftsec-app-") as folder:
            splunk.install_app(build_app().unpack(Path(folder)))
        splunk.add_index("mail")
        splunk.add_hec_token("sftsec", HEC_TOKEN, index="sftsec", useACK=True)
        yield Site(splunk)
