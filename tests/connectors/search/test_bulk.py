"""Bulk creation: one bad document alone is refused, and faults are told apart."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import Detection
from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.scoring.delivery import DeliverySettings, deliver
from sftsec_core.sdk.errors import AccessError
from sftsec_core.store.store import Store
from sftsec_core.testing.incidents import make_detections
from tests.connectors.search.engines import events
from tests.connectors.search.rejections import one_line, written
from tests.connectors.search.sites import Site, pages

SECRET = "hunter2-do-not-repeat"


def with_fields(detection: Detection, fields: Mapping[str, Any]) -> Detection:
    return replace(detection, fields=fields)


class TestRejectedDocument:
    @pytest.mark.parametrize(
        ("first", "second", "field"),
        [
            ({"process": {"name": "x"}}, {"process": SECRET}, "process"),
            ({"size": 7}, {"size": SECRET}, "size"),
            ({"address": "plain"}, {"address": {"street": SECRET}}, "address"),
        ],
    )
    def test_leaves_the_others_written(
        self, site: Site, first: Mapping[str, Any], second: Mapping[str, Any], field: str
    ) -> None:
        connector = site.connect("mail-*")
        good, spoiler, *others = make_detections(8)
        assert len(connector.push([with_fields(good, first)]).written) == 1
        receipt = connector.push([*others[:3], with_fields(spoiler, second), *others[3:]])
        assert sorted(receipt.written) == sorted(each.uid for each in others)
        [(uid, reason)] = receipt.rejected
        assert uid == spoiler.uid
        assert field in reason
        assert SECRET not in reason
        assert written(site) == sorted(each.uid for each in (good, *others))

    def test_goes_to_quarantine_in_a_delivery(self, site: Site, tmp_path: Path) -> None:
        connector = site.connect("mail-*")
        detections = make_detections(30)
        connector.push([with_fields(detections[0], {"size": 7})])
        spoilt = [*detections[:9], with_fields(detections[9], {"size": SECRET}), *detections[10:]]
        with Store.open(
            f"sqlite:///{tmp_path / 'sftsec.db'}", folder=tmp_path, actor="tester"
        ) as store:
            store.outbox.add("siem", spoilt)
            counts = deliver(store, connector, "siem", settings=DeliverySettings(batch=7))
            assert (counts.written, counts.duplicates, counts.rejected) == (28, 1, 1)
            assert counts.pending == 0
        assert len(written(site)) == 29

    def test_may_have_too_many_fields(self, site: Site) -> None:
        connector = site.connect("mail-*")
        good, spoiler, other = make_detections(3)
        many = {f"field{number}": number for number in range(1200)}
        receipt = connector.push([good, with_fields(spoiler, many), other])
        assert sorted(receipt.written) == sorted((good.uid, other.uid))
        [(uid, reason)] = receipt.rejected
        assert uid == spoiler.uid
        assert "exception" in reason


class TestBlockedIndex:
    @pytest.mark.parametrize("block", ["write", "read_only"])
    def test_is_told_from_missing_privileges(self, site: Site, block: str) -> None:
        connector = site.connect("mail-*")
        detections = make_detections(3)
        connector.push(detections[:1])
        [index] = {hit["_index"] for hit in site.documents(site.stream)}
        site.call("PUT", f"/{index}/_settings", {f"index.blocks.{block}": True})
        with pytest.raises(ConnectorError, match="it was blocked") as error:
            connector.push(detections)
        assert not isinstance(error.value, AccessError)
        assert "lift the block" in one_line(error)
        site.call("PUT", f"/{index}/_settings", {f"index.blocks.{block}": None})
        receipt = connector.push(detections)
        assert (len(receipt.written), len(receipt.duplicates)) == (2, 1)

    def test_is_named_by_pull_and_check(self, site: Site) -> None:
        index = site.name("mail")
        site.make_index(index)
        site.plant(index, events(3))
        connector = site.connect(index)
        site.call("PUT", f"/{index}/_settings", {"index.blocks.read": True})
        with pytest.raises(ConnectorError, match="lift the block") as error:
            pages(connector)
        assert not isinstance(error.value, AccessError)
        [problem] = connector.check()
        assert f"the source {index!r} cannot be searched" in problem


class TestFullDisk:
    def test_is_retried_and_then_named(self, site: Site) -> None:
        """The engine itself blocks an index so, with 429, when a disk passes its last watermark."""
        connector = site.connect("mail-*", retry_timeout="1s")
        detections = make_detections(5)
        connector.push(detections[:2])
        [index] = {hit["_index"] for hit in site.documents(site.stream)}
        site.call("PUT", f"/{index}/_settings", {"index.blocks.read_only_allow_delete": True})
        with pytest.raises(ConnectorUnavailableError, match=r"429.*its disk is full") as error:
            connector.push(detections)
        assert "\n" not in str(error.value)
        relieve = threading.Timer(
            0.5,
            lambda: site.call(
                "PUT", f"/{index}/_settings", {"index.blocks.read_only_allow_delete": None}
            ),
        )
        relieve.start()
        receipt = site.connect("mail-*", setup=False, retry_timeout="30s").push(detections)
        relieve.join()
        assert (len(receipt.written), len(receipt.duplicates)) == (3, 2)
        assert written(site) == sorted(each.uid for each in detections)
