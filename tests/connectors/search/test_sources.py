"""Which documents of an index are labelled, and what their verdicts are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sftsec_core.api.domain import Verdict
from sftsec_core.sdk.records import UnusableError
from sftsec_core.sdk.times import TimeReader
from sftsec_search.config import IndexSource
from sftsec_search.sources import LabelledIndex


def labelled(**options: Any) -> LabelledIndex:
    given = {"index": "mail", "label": "verdict.word", **options}
    return LabelledIndex(IndexSource.model_validate(given))


class TestVerdict:
    def test_names_analyst_and_time(self) -> None:
        source = labelled(analyst="verdict.by", verdict_time="verdict.at")
        flat = {"verdict.word": "spam", "verdict.by": 7, "verdict.at": "2026-01-05T08:00:00Z"}
        assert source.verdicts(flat) == (Verdict("spam", "7", datetime(2026, 1, 5, 8, tzinfo=UTC)),)
        assert source.verdicts({"verdict.word": "spam"}) == (Verdict("spam"),)

    @pytest.mark.parametrize("when", ["1767600000123", "2026-01-05 09:00", "05/01/2026 09:00"])
    def test_has_a_time_of_the_given_form(self, when: str) -> None:
        reader = TimeReader(("iso", "epoch_ms", "%d/%m/%Y %H:%M"), "Europe/Berlin")
        config = IndexSource.model_validate(
            {"index": "mail", "label": "said", "analyst": "by", "verdict_time": "at"}
        )
        flat = {"said": ["spam"], "by": ["ann"], "at": [when]}
        [verdict] = LabelledIndex(config, reader).verdicts(flat)
        assert verdict.analyst == "ann"
        assert verdict.at is not None
        assert verdict.at.replace(microsecond=0) == datetime(2026, 1, 5, 8, tzinfo=UTC)

    @pytest.mark.parametrize("when", ["01/05/2026", "1612-12-12", "soon"])
    def test_with_an_unreadable_time_is_refused(self, when: str) -> None:
        with pytest.raises(UnusableError, match="'at' is "):
            labelled(verdict_time="at").verdicts({"verdict.word": "spam", "at": when})

    @pytest.mark.parametrize(
        ("given", "values"),
        [(["spam", "seen"], ["spam", "seen"]), (None, []), ("", []), ([], []), (True, ["true"])],
    )
    def test_may_be_several_or_none(self, given: object, values: list[str]) -> None:
        found = labelled().verdicts({"verdict.word": given})
        assert [each.value for each in found] == values

    def test_is_one_of_the_chosen_values(self) -> None:
        source = labelled(label="tags", values={"bad": "malicious", "good": "benign"})
        found = source.verdicts({"tags": ["vip", "good", "bad"]})
        assert [each.value for each in found] == ["benign", "malicious"]
        assert source.verdicts({"tags": "vip"}) == ()

    @pytest.mark.parametrize(("key", "given"), [("1", 1.0), ("1", "1.0"), ("1.0", 1), ("1", "1")])
    def test_is_a_chosen_whole_number(self, key: str, given: object) -> None:
        source = labelled(label="score", values={key: "malicious", "0": "benign"})
        assert [each.value for each in source.verdicts({"score": given})] == ["malicious"]
        assert source.verdicts({"score": float("nan")}) == source.verdicts({"score": 1.5}) == ()

    def test_refuses_an_object(self) -> None:
        with pytest.raises(UnusableError, match=r"'verdict\.word' holds a dict"):
            labelled().verdicts({"verdict.word": [{"word": "spam"}]})


class TestLabelledFilter:
    def test_asks_for_any_word(self) -> None:
        """No query compares words as verdicts are compared."""
        source = labelled(label="tags", values={"good": "benign", "bad": "malicious"})
        assert source.labelled_filter() == {"exists": {"field": "tags"}}
        assert labelled().labelled_filter() == {"exists": {"field": "verdict.word"}}

    def test_is_none_without_a_label(self) -> None:
        source = labelled(label=None)
        assert source.labelled_filter() is None
        assert source.judged_filters({"keyword"}) == []
        assert source.verdicts({"verdict.word": "spam"}) == ()


class TestJudgedFilters:
    def test_are_of_exact_words(self) -> None:
        source = labelled(label="tags", values={"good": "benign", "bad": "malicious"})
        assert source.judged_filters({"keyword"}) == [{"terms": {"tags": ["bad", "good"]}}]
        [query] = labelled().judged_filters({"keyword"})
        assert query["bool"]["filter"] == [{"exists": {"field": "verdict.word"}}]

    @pytest.mark.parametrize("kinds", [set(), {"text"}, {"keyword", "long"}, {"object"}])
    def test_are_none_where_words_differ(self, kinds: set[str]) -> None:
        assert labelled().judged_filters(kinds) == []

    def test_are_of_any_number(self) -> None:
        there = {"exists": {"field": "verdict.word"}}
        assert labelled().judged_filters({"long", "double"}) == [there]
        assert labelled(values={"1": "malicious"}).judged_filters({"long"}) == []


class TestPrivateField:
    def test_is_what_analysts_or_we_said(self) -> None:
        source = labelled(analyst="verdict.by")
        told = ["verdict.word", "verdict.by", "tags", "kibana.alert.workflow_tags", "sftsec.label"]
        kept = ["verdict.note", "tags.other", "kibana.alert.rule.name", "message"]
        assert [name for name in (*told, *kept) if source.is_private(name)] == told

    def test_is_private_by_another_name(self) -> None:
        names = {"word": "verdict.word", "who": "kibana.alert.workflow_user", "text": "message"}
        source = labelled(rename=names, label="word")
        assert [name for name in (*names, *names.values()) if source.is_private(name)] == [
            "word", "who", "verdict.word", "kibana.alert.workflow_user"
        ]  # fmt: skip
