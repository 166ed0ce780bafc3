"""Documents by their names, also after a rollover."""

from __future__ import annotations

import pytest

from sftsec_core.testing.incidents import make_detections
from tests.connectors.search.rejections import written
from tests.connectors.search.sites import Site


class TestRollover:
    @pytest.mark.parametrize("searchable", [True, False], ids=["refreshed", "not yet refreshed"])
    def test_makes_no_copies(self, site: Site, searchable: bool) -> None:
        connector = site.connect("mail-*")
        settings = {"index.refresh_interval": "-1"}  # no search sees what is written from now on
        site.call("PUT", f"/{site.stream}/_settings", settings)
        detections = make_detections(6)
        connector.push(detections[:3])
        if searchable:
            site.call("POST", f"/{site.stream}/_refresh")
        site.call("POST", f"/{site.stream}/_rollover")
        receipt = connector.push(detections)
        assert (len(receipt.written), len(receipt.duplicates)) == (3, 3)
        assert written(site) == sorted(each.uid for each in detections)
