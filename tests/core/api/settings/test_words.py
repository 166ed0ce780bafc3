"""One word in many spellings is one word; two words stay two."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from sftsec_core.api.settings.task import TaskSettings
from sftsec_core.api.settings.words import word_key


class TestWordKey:
    @pytest.mark.parametrize(
        "spelling",
        ["True Positive", "true-positive", "TRUE_POSITIVE", "TruePositive", " true  positive ",
         "true\u00a0positive", "True\u2013Positive", "\uff34rue positive"],
    )  # fmt: skip
    def test_takes_spellings_for_one_word(self, spelling: str) -> None:
        assert word_key(spelling) == word_key("true_positive")

    @pytest.mark.parametrize(
        ("one", "other"), [("1", "1.0"), ("-1", "-1.00"), ("0", "0.0"), ("Straße", "STRASSE")]
    )
    def test_takes_whole_decimals_for_numbers(self, one: str, other: str) -> None:
        assert word_key(one) == word_key(other)

    @pytest.mark.parametrize(
        ("one", "other"), [("1", "-1"), ("1", "10"), ("1.5", "1"), ("1.0.0", "1"), ("T1", "T2")]
    )
    def test_keeps_different_words_apart(self, one: str, other: str) -> None:
        assert word_key(one) != word_key(other)

    def test_finds_one_word_under_two_labels(self) -> None:
        labels = {"benign": ("false positive",), "malicious": ("False_Positive",)}
        with pytest.raises(ValidationError, match="stands for both 'benign' and 'malicious'"):
            TaskSettings(connector="c", text=("message",), labels=labels)
