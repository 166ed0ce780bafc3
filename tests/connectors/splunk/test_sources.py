""""""

from __future__ import annotations

import pytest

from sftsec_core.api.domain import PullWindow
from sftsec_core.api.errors import ConnectorError
from tests.connectors.splunk.pulls import (
    AT,
    LABELLED,
    UNLABELLED,
    moment,
    pulled,
    rejected,
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

    def test_takes_whole_numbers_without_decimals(self, site: Site) -> None:
        for number, word in enumerate(["1.0", "0", "nan", "1.5"]):
            site.index("mail", AT + number, uid=f"uid-{number}", label=word)
        chosen = source(uid="uid", label="label", values={"1": "malicious", "0.0": "benign"})
        found = pulled(site.connect(sources=[chosen]), LABELLED)
        assert [said(each)[0][0] for each in found] == ["malicious", "benign"]

    def test_joins_all_rows_of_an_event(self, site: Site) -> None:
        """A search may give one row for each analyst."""
        for number in range(6):
            for word in ("good", "bad"):
                site.index("mail", AT + number, uid=f"uid-{number}", label=word, who=word)
        labelled = source(uid="uid", label="label", analyst="who")
        found = pulled(site.connect(sources=[labelled], page_size=5), LABELLED)
        assert [each.uid for each in found] == [f"uid-{number}" for number in range(6)]
        assert all(sorted(said(each)) == [("bad", "bad"), ("good", "good")] for each in found)


class TestVerdictTime:
    @pytest.mark.parametrize("written", ["1767600000", "1767600000000", "2026-01-05T08:00:00Z"])
    def test_is_read_in_usual_forms(self, site: Site, written: str) -> None:
        site.index("mail", AT, uid="one", label="bad", when=written)
        told = source(uid="uid", label="label", verdict_time="when")
        [incident] = pulled(site.connect(sources=[told]), LABELLED)
        assert [each.at for each in incident.verdicts] == [moment(1767600000)]

    def test_that_cannot_be_read_is_counted(self, site: Site) -> None:
        written = ["01/05/2026 08:00:00", "soon", "1612-12-12", "1767600000"]
        for number, when in enumerate(written):
            site.index("mail", AT + number, uid=f"uid-{number}", label="bad", when=when)
        told = source(uid="uid", label="label", verdict_time="when")
        connector = site.connect(sources=[told])
        assert uids(connector, LABELLED) == ["uid-3"]
        refused = rejected(connector, LABELLED)
        assert [each.where for each in refused] == ["uid-0", "uid-1", "uid-2"]
        assert "'when' is a date of which the order" in refused[0].reason
        assert all(each.digest for each in refused)

    def test_may_have_a_format_and_zone(self, site: Site) -> None:
        site.index("mail", AT, uid="one", label="bad", when="05/01/2026 09:00:00")
        told = source(uid="uid", label="label", verdict_time="when")
        form = {"time_format": "%d/%m/%Y %H:%M:%S", "timezone": "Europe/Berlin"}
        [incident] = pulled(site.connect(sources=[told], **form), LABELLED)
        assert [each.at for each in incident.verdicts] == [moment(1767600000)]


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
