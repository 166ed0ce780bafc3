"""Which spellings are one word for a verdict."""

from __future__ import annotations

import pytest

from sftsec_core.api.domain.verdict_words import fold_word, trim_whole


class TestTrimWhole:
    @pytest.mark.parametrize(
        ("word", "trimmed"),
        [("1.0", "1"), (" 5.000 ", "5"), ("-1.0", "-1"), ("0.0", "0")],
    )
    def test_takes_decimals_of_whole_numbers(self, word: str, trimmed: str) -> None:
        assert trim_whole(word) == trimmed

    @pytest.mark.parametrize("word", ["1", "1.5", "1.0.0", "v1.0", "1.", ".0", "Spam", "10"])
    def test_leaves_all_else_alone(self, word: str) -> None:
        assert trim_whole(word) == word


class TestFoldWord:
    @pytest.mark.parametrize("word", ["TRUE_Positive", " true_positive "])
    def test_joins_case_and_blanks(self, word: str) -> None:
        assert fold_word(word) == "true_positive"

    def test_joins_a_number_and_its_decimals(self) -> None:
        assert fold_word("1.0") == fold_word("1") != fold_word("10")
