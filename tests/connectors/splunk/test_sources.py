""""""

from __future__ import annotations

import pytest

from sftsec_core.api.domain import PullWindow
from sftsec_core.api.errors import ConnectorError
from tests.connectors.splunk.pulls import (
    AT,
    LABELLED,
    UNLABELLED,
    pulled,
    said,
    source,
    uids,
)
from tests.connectors.splunk.sites import Site


class TestLabel:
    def test_counts_only_chosen_values(self, site: Site) -> None:
        site.index("mail", AT, uid="one", label=["bad", "seen"])
        site.index("mail", AT + 1, uid="two", label=["seen", "old"])
        chosen = source(uid="uid", label="label{}", values={"bad": "malicious"})
        connector = site.connect(sources=[chosen])
        [incident] = pulled(connector, LABELLED)
        assert (incident.uid, said(incident)) == ("one", [("malicious", None)])
        assert uids(connector, UNLABELLED) == ["two"]
        assert "label" not in incident.fields

    def test_joins_all_rows_of_an_event(self, site: Site) -> None:
        """A search may give one row for each analyst."""
        for number in range(6):
            for word in ("good", "bad"):
                site.index("mail", AT + number, uid=f"uid-{number}", label=word, who=word)
        labelled = source(uid="uid", label="label", analyst="who")
        found = pulled(site.connect(sources=[labelled], page_size=5), LABELLED)
        assert [each.uid for each in found] == [f"uid-{number}" for number in range(6)]
        assert all(sorted(said(each)) == [("bad", "bad"), ("good", "good")] for each in found)


class TestPrivateField:
    def test_is_the_raw_text_by_default(self, site: Site) -> None:
        site.index("mail", AT, uid="one", label="bad")
        window = PullWindow(labelled=True, fields=("_raw",))
        with pytest.raises(ConnectorError, match="'_raw' holds what analysts said"):
            pulled(site.connect(sources=[source(uid="uid", label="label")]), window)
        [incident] = pulled(
            site.connect(sources=[source(uid="uid", label="label", raw=True)]), window
        )
        assert list(incident.fields) == ["_raw"]

    def test_may_be_configured(self, site: Site) -> None:
        site.index("mail", AT, uid="one", ticket="closed as spam", verdict="bad", status="200")
        [incident] = pulled(site.connect(sources=[source(uid="uid", private=["ticket"])]))
        assert incident.fields["status"] == "200"
        assert not {"ticket", "verdict"} & set(incident.fields)
