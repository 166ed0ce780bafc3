"""What people read of the groups."""

from __future__ import annotations

import pytest

from sftsec_fair.comparison import Comparison, Gap
from sftsec_fair.words import gap_words, nothing_to_compare, verdict


def gap(figure: str = "recall", low: float = 0.05, *, found: bool = True, group: str = "a") -> Gap:
    return Gap(group, figure, 0.2, low, 0.35, 0.001, 50, 90, found)


class TestVerdict:
    def test_names_the_surest_gap_first(self) -> None:
        outcome, said = verdict(Comparison((gap(low=0.05), gap("fpr", group="b")), ()))
        assert outcome == "warning"
        assert said.startswith("Of the attacks of a, 20.0 in 100 more are missed")
        assert "(95% interval 5.0 to 35.0)" in said
        assert said.endswith("1 group has a gap too: see the table.")

    def test_fails_a_gap_that_is_surely_large(self) -> None:
        assert verdict(Comparison((gap(low=0.11),), ()))[0] == "failed"

    def test_small_groups_are_no_clean_bill(self) -> None:
        outcome, said = verdict(Comparison((gap(found=False),), (("b", "fpr", 3),)))
        assert outcome == "held"
        assert "1 group has too few rows" in said


class TestGapWords:
    @pytest.mark.parametrize(
        ("figure", "said"),
        [
            ("fpr", "Of the benign incidents of a, 20.0 in 100 more raise an alert"),
            ("precision", "Of the alerts of a, 20.0 in 100 more are false"),
            ("accuracy", "Of the incidents of a, 20.0 in 100 more are answered wrongly"),
            ("calibration", "The probabilities of a are off by 20.0 in 100"),
        ],
    )
    def test_tell_what_is_worse(self, figure: str, said: str) -> None:
        assert gap_words(gap(figure)).startswith(said)


class TestNothingToCompare:
    def test_says_what_to_write(self) -> None:
        assert "`evaluation: {groups:" in nothing_to_compare(named=False, fewest=20)
        assert "20 rows" in nothing_to_compare(named=True, fewest=20)
