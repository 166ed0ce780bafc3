"""Whose labels a model learned from is looked at before it is promoted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from sftsec_core.api.domain import EvalReport, Vote
from sftsec_core.api.settings.task import GateSettings
from sftsec_core.dataset.analysts import NOT_NAMED, OTHERS
from sftsec_core.registry.analyst_voter import VOTER, _by_chance
from tests.core.evaluation.rote_models import report_of


@pytest.fixture(scope="module")
def report() -> EvalReport:
    return report_of()


def known(share: float, **counts: Any) -> dict[str, Any]:
    given = {"labels": {"bad": 50, "good": 50}, "shared": 0, "disagreed": 0}
    return {"share": share, "verdicts": 100, **given, **counts}


def vote(report: EvalReport, book: dict[str, dict[str, Any]], **settings: Any) -> Vote:
    found = VOTER.vote(
        VOTER.configure(settings), replace(report, data={"analysts": book}), None, GateSettings()
    )
    assert isinstance(found, Vote)
    return found


class TestVoter:
    def test_has_nothing_to_say_of_old_reports(self, report: EvalReport) -> None:
        found = VOTER.vote(VOTER.configure({}), report, None, GateSettings())
        assert isinstance(found, Vote)
        assert (found.approve, found.warning) == (True, False)
        assert "does not count the labels by analyst" in found.reason

    def test_names_no_one_without_names(self, report: EvalReport) -> None:
        found = vote(report, {NOT_NAMED: known(1.0)})
        assert (found.warning, found.reason) == (False, "no verdict names its analyst")
        mixed = {NOT_NAMED: known(0.9), OTHERS: known(0.3), "ana": known(0.05)}
        assert not vote(report, mixed).warning

    def test_warns_of_a_large_share(self, report: EvalReport) -> None:
        book = {"ana": known(0.6), "bob": known(0.05), "cid": known(0.057)}
        found = vote(report, book)
        assert (found.approve, found.warning) == (True, True)
        assert "more than 5.0% rest on 'ana' 60.0%, 'cid' 5.7%" in found.reason
        assert "bob" not in found.reason
        quiet = vote(report, book, max_share=0.6)
        assert (quiet.approve, quiet.warning) == (True, False)

    @pytest.mark.parametrize(
        ("compared", "disagreed", "whom"),
        [("live_compared", "live_disagreed", "the live model"), ("shared", "disagreed", "other")],
    )
    def test_warns_of_one_who_disagrees(
        self, report: EvalReport, compared: str, disagreed: str, whom: str
    ) -> None:
        book = {f"a{n}": known(0.04, **{compared: 100, disagreed: 3}) for n in range(9)}
        book["eve"] = known(0.04, **{compared: 57, disagreed: 50})
        found = vote(report, book)
        assert found.warning
        assert f"'eve' disagrees with {whom}" in found.reason
        assert "on 50 of 57 rows (87.7%; the other analysts 3.0%)" in found.reason
        assert "'a1'" not in found.reason

    def test_keeps_quiet_about_chance(self, report: EvalReport) -> None:
        book = {f"a{n}": known(0.04, live_compared=50, live_disagreed=n % 4) for n in range(20)}
        book["few"] = known(0.01, live_compared=2, live_disagreed=1)
        assert not vote(report, book).warning

    def test_warns_of_one_label_only(self, report: EvalReport) -> None:
        book = {f"a{n}": known(0.04) for n in range(9)}
        book["eve"] = known(0.04, labels={"good": 40})
        book["new"] = known(0.01, labels={"good": 4})
        found = vote(report, book)
        assert found.warning
        assert found.reason == "'eve' gave only 'good', 40 times (the other analysts 50.2%)"

    def test_rejects_when_it_is_told_to(self, report: EvalReport) -> None:
        found = vote(report, {"ana": known(0.6)}, action="refuse")
        assert (found.approve, found.warning) == (False, False)


class TestChance:
    @given(st.data())
    def test_is_that_of_the_hypergeometric(self, data: st.DataObject) -> None:
        all_rows = data.draw(st.integers(1, 5000))
        all_off, rows = data.draw(st.integers(0, all_rows)), data.draw(st.integers(1, all_rows))
        off = data.draw(st.integers(0, rows))
        expected = float(hypergeom.sf(off - 1, all_rows, all_off, rows))
        assert _by_chance(off, rows, all_off, all_rows) == pytest.approx(expected, abs=1e-9)
