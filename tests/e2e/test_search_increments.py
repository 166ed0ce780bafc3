"""A data set of a search engine that grew is the one that a full build makes, on both engines."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import PullWindow, Verdict
from sftsec_core.dataset.ingest import Earlier, Heard, ingest
from sftsec_core.dataset.journal import PartStore
from sftsec_core.dataset.plan import PageSummary
from sftsec_core.dataset.snapshot import Snapshot
from sftsec_core.dataset.sources import SourceParts
from sftsec_core.testing.incidents import make_detections
from sftsec_search.client import SearchClient
from sftsec_search.connector import SearchConnector
from tests.connectors.search.sites import ARRIVING, Site, own_site
from tests.core.dataset.builders import plan, text
from tests.servers.elasticsearch import elasticsearch_server
from tests.servers.opensearch import opensearch_server

__all__ = ["elasticsearch_server", "opensearch_server"]
START = datetime(2026, 1, 1, tzinfo=UTC)
COUNT = 90
PAGE = 16


class Killed(Exception):  # noqa: N818 - it stands for a signal
    pass


@dataclass
class Grown:
    """Indices that change, and what earlier builds of them have left.

    Attributes:
        pulled: the incidents that the last build cleaned.
        hits: the documents that the engine handed out for it.
    """

    site: Site
    folder: Path
    base: str
    since: datetime | None = None
    written: int = 0
    pulled: int = 0
    hits: int = 0
    last: Snapshot | None = None
    named: list[str] = field(default_factory=list)

    @property
    def index(self) -> str:
        return self.named[-1]

    def roll_over(self) -> None:
        """Begin a new index behind the same pattern."""
        self.named.append(f"{self.base}-{len(self.named):03d}")
        self.site.make_index(self.index, ARRIVING)

    def document(self, number: int, at: datetime | None = None, **more: Any) -> dict[str, Any]:
        """An incident; every third has no verdict of its own."""
        said = {"verdict": {"word": ("bad", "good")[number % 2], "by": "ann"}} if number % 3 else {}
        when = at or START + timedelta(hours=number)
        return {"@timestamp": when.isoformat(), "message": text(number, 14), **said, **more}

    def write(self, count: int, at: datetime | None = None) -> None:
        numbers = range(self.written, self.written + count)
        self.site.plant(self.index, {f"d{n}": self.document(n, at) for n in numbers})
        self.written += count

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> None:
        self.site.call(method, f"/{self.named[0]}/{path}?refresh=true", body)

    def connector(self) -> SearchConnector:
        verdicts = f"verdicts-{self.site.token}"
        return self.site.connect(
            f"{self.base}-*", setup=False, page_size=PAGE, verdicts_index=verdicts
        )

    def log(self, *uids: str, value: str = "bad", retract: bool = False) -> None:
        said = [(uid, Verdict(value, "bo", START)) for uid in uids]
        with closing(self.connector()) as connector:
            (connector.retract_verdicts if retract else connector.add_verdicts)(said)

    def build(self, heard: Heard, earlier: Earlier | None, work: str) -> Snapshot:
        window = PullWindow(since=self.since, labelled=True, fields=("message",))
        with closing(self.connector()) as connector:
            return ingest(
                [SourceParts("", None, connector.parts(window))],
                plan(),
                folder=self.folder / work,
                snapshots=self.folder / f"{work}-snapshots",
                heard=heard,
                earlier=earlier,
            )

    def grow(self, kill_at: int | None = None) -> Snapshot:
        """Build with what earlier builds have left."""
        self.pulled = self.hits = 0

        def page(summary: PageSummary) -> None:
            self.pulled += summary.read
            if kill_at is not None and self.pulled >= kill_at:
                raise Killed

        earlier = Earlier(PartStore(self.folder / "parts"), self.last)
        self.last = self.build(Heard(page=page), earlier, "grown")
        return self.last

    def rebuild(self) -> Snapshot:
        """Build anew, and forget it."""
        shutil.rmtree(self.folder / "full-snapshots", ignore_errors=True)
        return self.build(Heard(), None, "full")

    def agrees(self) -> bool:
        """Whether a grown data set is a rebuilt one, and another than before."""
        before = self.last and self.last.digest
        found = self.grow()
        return found.digest == self.rebuild().digest and found.digest != before


@pytest.fixture(params=["elastic", "opensearch"])
def grown(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Grown]:
    vendor = request.param
    fixture = {"elastic": "elasticsearch_server", "opensearch": "opensearch_server"}[vendor]
    with own_site(vendor, request.getfixturevalue(fixture)) as site:
        made = Grown(site, tmp_path, site.name("mail"))
        site.connect("none", verdicts_index=f"verdicts-{site.token}").close()
        made.roll_over()
        made.write(COUNT)
        search = SearchClient.search

        def counted(self: SearchClient, body: Any, *args: Any, **more: Any) -> dict[str, Any]:
            answer = search(self, body, *args, **more)
            made.hits += len(answer["hits"]["hits"]) if body.get("_source") else 0
            return answer

        monkeypatch.setattr(SearchClient, "search", counted)
        yield made


class TestGrownSnapshot:
    def test_follows_the_documents(self, grown: Grown) -> None:
        grown.grow()
        grown.write(5)
        assert grown.agrees()
        grown.write(3, at=START - timedelta(days=400))  # late
        assert grown.agrees()
        grown.call("POST", "_update/d3", {"doc": {"verdict": {"word": "good"}}})
        assert grown.agrees()
        grown.call("POST", "_update/d4", {"doc": {"verdict": {"word": "good"}}})
        assert grown.agrees()
        grown.call("DELETE", "_doc/d10")
        assert grown.agrees()
        # One leaves and one comes: the count is the same.
        grown.call("DELETE", "_doc/d11")
        grown.write(1)
        assert grown.agrees()

    def test_follows_the_indices(self, grown: Grown) -> None:
        grown.grow()
        grown.roll_over()
        grown.write(7)
        assert grown.agrees()
        # The same numbers in the same shards, of another index under the old name.
        same = {f"d{n}": grown.document(n, message=text(n + 500, 14)) for n in range(COUNT)}
        grown.site.call("DELETE", f"/{grown.named[0]}")
        grown.site.make_index(grown.named[0], ARRIVING)
        grown.site.plant(grown.named[0], same)
        assert grown.agrees()
        grown.site.call("DELETE", f"/{grown.named[1]}")
        assert grown.agrees()

    def test_follows_the_log_of_verdicts(self, grown: Grown) -> None:
        first = grown.named[0]
        grown.log(f"{first}/d0", f"{first}/d3", f"{first}/d4", "gone/x1")
        grown.grow()
        grown.log(f"{first}/d6")
        assert grown.agrees()
        grown.log(f"{first}/d1", value="good")  # it has one of its own
        assert grown.agrees()
        grown.log(f"{first}/d0", retract=True)
        assert grown.agrees()
        # The alert itself changes, and goes.
        grown.call("POST", "_update/d3", {"doc": {"message": text(900, 14)}})
        assert grown.agrees()
        grown.call("DELETE", "_doc/d6")
        assert grown.agrees()

    def test_follows_the_event_of_a_detection(self, grown: Grown) -> None:
        first, uid = grown.named[0], f"{grown.named[0]}/d9"
        detection = replace(make_detections(1)[0], incident_uid=uid)
        with closing(grown.site.connect(f"{grown.base}-*")) as connector:
            connector.push([detection])
        [hit] = grown.site.documents(grown.site.stream)
        grown.grow()
        grown.log(f"{hit['_index']}/{hit['_id']}")
        assert grown.agrees()
        grown.site.call(
            "POST", f"/{first}/_update/d9?refresh=true", {"doc": {"message": text(901, 14)}}
        )
        assert grown.agrees()

    def test_follows_the_window(self, grown: Grown) -> None:
        grown.grow()
        for hours in (10, 60, 30):
            grown.since = START + timedelta(hours=hours)
            assert grown.agrees()

    def test_reads_only_what_changed(self, grown: Grown) -> None:
        first = grown.named[0]
        grown.log(*(f"{first}/d{n}" for n in range(0, COUNT, 3)))
        grown.grow()
        assert (grown.pulled, grown.hits) == (COUNT, COUNT + COUNT // 3)  # and the verdicts
        assert grown.grow().digest == grown.rebuild().digest
        grown.grow()
        assert grown.pulled == grown.hits == 0
        grown.write(2)
        grown.grow()
        assert 1 <= grown.pulled <= 2 * PAGE  # the last range of one or two shards
        grown.log(f"{first}/d{COUNT + 1}", value="good")
        grown.grow()
        assert 1 <= grown.pulled <= 4 * PAGE

    def test_after_a_kill_pulls_the_rest(self, grown: Grown) -> None:
        with pytest.raises(Killed):
            grown.grow(kill_at=COUNT // 2)
        grown.write(3)
        found = grown.grow()
        assert grown.pulled < COUNT * 2 // 3
        assert found.digest == grown.rebuild().digest
