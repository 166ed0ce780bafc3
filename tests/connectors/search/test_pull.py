"""Documents without a time cannot be scored in an order; they are counted, not forgotten."""

from __future__ import annotations

import pytest

from sftsec_core.api.domain import PullWindow
from tests.connectors.search.sites import Site, ids, pages
from tests.logs import told


class TestUntimedDocument:
    def test_is_not_scored_and_logged(self, site: Site, caplog: pytest.LogCaptureFixture) -> None:
        index = site.name("mail")
        site.make_index(index)
        timed = {"@timestamp": "2026-01-05T08:00:00Z", "message": "x"}
        site.plant(index, {"timed": timed, "untimed": {"message": "y"}})
        connector = site.connect(index)
        assert ids(pages(connector, PullWindow(labelled=False))) == ["timed"]
        said = f"1 documents of {index} have no @timestamp and are not scored"
        assert any(said in record.getMessage() for record in caplog.records)
        caplog.clear()
        assert sorted(ids(pages(connector))) == ["timed", "untimed"]
        assert told(caplog, "sftsec_search") == []
