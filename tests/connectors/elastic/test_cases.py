"""Closed cases give verdicts on the alerts that are attached to them."""

from __future__ import annotations

from typing import Any

import pytest

from sftsec_core.api.domain import PullWindow, Verdict
from sftsec_elastic.errors import KibanaError
from tests.connectors.elastic.alerts import AlertSite, alert, closed
from tests.connectors.elastic.test_alerts import said
from tests.connectors.search.sites import ids, pages

AT = "2026-01-05T08:00:00Z"
CASES: dict[str, Any] = {"cases": {"custom_field": "outcome", "comment": True}}


@pytest.fixture
def cases(site: AlertSite) -> AlertSite:
    """Alerts a to d, each attached to a case with another kind of verdict; e has none."""
    site.plant(**{name: alert(AT, f"text {name}") for name in "abcde"})
    add = site.kibana.add_case
    add(site.space, [(site.index, "a")], tags=["vip", "True Positive"])
    field = {"key": "outcome", "type": "text", "value": "False positive"}
    add(site.space, [(site.index, "b")], customFields=[{"key": "x", "value": None}, field])
    add(site.space, [(site.index, "c")], comments=["looks bad", "Checked.\n**Benign positive.**"])
    add(site.space, [(site.index, "d")], status="open", tags=["True Positive"])
    add(site.space, [(site.index, "e")], comments=["True positive", "no, I am not sure"])
    return site


class TestVerdict:
    def test_is_in_tag_field_or_comment(self, cases: AlertSite) -> None:
        assert said(cases, **CASES) == {
            "a": [("true_positive", False)],
            "b": [("false_positive", False)],
            "c": [("benign_positive", False)],
        }
        assert said(cases) == {}

    def test_takes_tags_only_by_default(self, cases: AlertSite) -> None:
        assert set(said(cases, cases={})) == {"a"}

    def test_names_who_closed_it_and_when(self, cases: AlertSite) -> None:
        [incident] = cases.pull(cases={})
        [verdict] = incident.verdicts
        assert verdict.at is not None
        assert verdict == Verdict("true_positive", "lea", verdict.at, "case tag True Positive")
        assert incident.fields["message"] == "text a"

    def test_stands_beside_the_alerts_own(self, cases: AlertSite) -> None:
        cases.plant(a=alert(AT, "text a", **closed("false_positive")))
        assert said(cases, cases={})["a"] == [("false_positive", False), ("true_positive", False)]

    def test_joins_those_of_the_verdict_index(self, cases: AlertSite) -> None:
        options: dict[str, Any] = {"cases": {}, "verdicts_index": f"verdicts-{cases.space}"}
        both = [(f"{cases.index}/{name}", Verdict("spam", "ann")) for name in "ab"]
        assert cases.connect(**options).add_verdicts(both) == 2
        found: dict[str, set[str]] = {}
        for incident in cases.pull(**options, page_size=1):
            words = found.setdefault(incident.uid[-1], set())
            words |= {each.value for each in incident.verdicts}
        assert found == {"a": {"true_positive", "spam"}, "b": {"spam"}}


class TestPull:
    def test_for_scoring_leaves_judged_alerts_out(self, cases: AlertSite) -> None:
        fresh = pages(cases.connect(**CASES), PullWindow(labelled=False))
        assert sorted(ids(fresh)) == ["d", "e"]

    def test_resumes_after_any_page(self, cases: AlertSite) -> None:
        window = PullWindow(labelled=True)
        connector = cases.connect(**CASES, page_size=1)
        whole = pages(connector, window)
        assert sorted(ids(whole)) == ["a", "b", "c"]
        for place, page in enumerate(whole):
            assert ids(pages(connector, window, page.cursor)) == ids(whole[place + 1 :])

    def test_rejects_a_case_it_cannot_read(self, cases: AlertSite) -> None:
        where = [(cases.index, "d")]
        name = cases.kibana.add_case(cases.space, where, tags=["True Positive"], closed_at="soon")
        found = pages(cases.connect(cases={}), PullWindow(labelled=True))
        assert [each.where for page in found for each in page.rejected] == [f"case {name}"]
        assert ids(found) == ["a"]

    def test_names_the_right_that_is_missing(self, cases: AlertSite) -> None:
        connector = cases.connect(cases={})
        assert list(connector.check()) == []
        cases.kibana.failing[:] = [403]
        with pytest.raises(KibanaError, match="Cases: Read"):
            pages(connector, PullWindow(labelled=True))
