"""Alerts that wait for a verdict stand in an index of ours."""

from __future__ import annotations

import pytest

from sftsec_core.api.domain import Verdict
from sftsec_core.api.errors import ConnectorError
from sftsec_core.testing import make_label_requests
from tests.connectors.search.engines import events
from tests.connectors.search.sites import Site


class TestLabelRequest:
    def test_before_setup_names_what_to_run(self, site: Site) -> None:
        """A write would make the index with other mappings than ours."""
        connector = site.connect("mail-*", setup=False)
        with pytest.raises(ConnectorError, match="run `sftsec connector setup`") as error:
            connector.request_labels(make_label_requests(["mail-1/a"]))
        assert "\n" not in str(error.value)
        assert site.server.call("GET", f"/requests-{site.token}")[0] == 404

    def test_waits_until_the_alert_is_judged(self, site: Site) -> None:
        index = site.name("mail")
        site.make_index(index)
        site.plant(index, events(3, label=None))
        connector = site.connect(index)
        uids = [f"{index}/{name}" for name in events(3)]
        assert connector.request_labels(make_label_requests(uids[:2])) == 2
        assert connector.request_labels(make_label_requests(uids)) == 1, "two wait already"
        connector.add_verdicts([(uids[0], Verdict("spam", "ann"))])
        waiting = site.documents(f"requests-{site.token}")
        assert sorted(hit["_source"]["alert"]["id"] for hit in waiting) == [
            "event-000001",
            "event-000002",
        ]
        assert connector.request_labels(make_label_requests(uids)) == 0, "one is judged, two wait"
