"""Collections of the KV store: any number of documents, in requests that the server takes."""

from __future__ import annotations

import pytest

from sftsec_splunk.client import Splunk
from sftsec_splunk.config import SplunkConfig
from sftsec_splunk.kv import Collection
from tests.connectors.splunk.sites import APP, Site, own_site

NAME = "sftsec_queue"


def collection(site: Site) -> Collection:
    return Collection(Splunk(SplunkConfig.model_validate(site.settings())), NAME)


def numbered(count: int) -> list[dict[str, object]]:
    return [{"_key": f"k{number:04}", "incident_uid": f"uid-{number}"} for number in range(count)]


class TestFind:
    def test_looks_for_thousands_of_keys(self, site: Site) -> None:
        kept = collection(site)
        kept.save(numbered(2500))
        wanted = [str(each["_key"]) for each in numbered(2600)]
        site.splunk.requests.clear()
        assert kept.keys(wanted) == set(wanted[:2500])
        assert len([each for each in site.splunk.requests if "/batch_find" in each]) == 2

    def test_gives_all_in_order_of_keys(self, site: Site) -> None:
        kept = collection(site)
        kept.save(list(reversed(numbered(7))))
        assert list(kept.all("_key,incident_uid", page=3)) == numbered(7)


class TestSave:
    def test_replaces_documents_of_the_same_key(self, site: Site) -> None:
        kept = collection(site)
        for uid in ("one", "two"):
            kept.save([{"_key": "k", "incident_uid": uid}])
        [document] = site.splunk.kv(APP, NAME)
        assert document["incident_uid"] == "two"

    def test_keeps_the_cap_of_the_server(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        assert collection(site).cap() == 1000
        site.set_kv_cap(50)
        assert collection(site).cap() == 50
        with own_site(monkeypatch, version="10.0.0") as newer:
            assert collection(newer).cap() == 10_000

    def test_guesses_a_cap_that_is_missing(self, site: Site) -> None:
        limits = site.splunk.entities.find("configs/conf-limits", "nobody", "search", "kvstore")
        assert limits is not None
        site.splunk.entities.remove(limits)
        assert collection(site).cap() == 1000


class TestDelete:
    def test_removes_only_the_named(self, site: Site) -> None:
        kept = collection(site)
        kept.save(numbered(250))
        kept.delete([f"k{number:04}" for number in range(10, 300)])
        assert [each["_key"] for each in site.splunk.kv(APP, NAME)] == [
            f"k{number:04}" for number in range(10)
        ]
