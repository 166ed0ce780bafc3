"""What a model gave is remembered within a bound, and asked for no second time."""

from __future__ import annotations

import numpy as np
import pytest

from sftsec_core.scoring.probabilities import probabilities
from sftsec_core.scoring.score_cache import ScoreCache
from tests.core.scoring.parts import WordModel, scorer


def row(value: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([value, 1 - value])


class TestScoreCache:
    def test_gives_back_what_it_knows(self) -> None:
        cache = ScoreCache()
        cache.keep({"a": row(0.1), "b": row(1 / 3)})
        found = cache.find(["b", "c"])
        assert found.keys() == {"b"}
        assert found["b"].tolist() == [1 / 3, 1 - 1 / 3]

    def test_forgets_what_waits_longest(self) -> None:
        cache = ScoreCache(max_bytes=1000)  # room for three rows of two labels
        cache.keep({name: row(0.5) for name in "abc"})
        cache.find("a")
        cache.keep({"d": row(0.5)})
        assert cache.find("abcd").keys() == {"a", "c", "d"}

    @pytest.mark.parametrize("labels", [2, 50])
    def test_stays_within_its_bound(self, labels: int) -> None:
        cache = ScoreCache(max_bytes=20_000)
        for number in range(200):
            cache.keep({f"{number}": np.zeros(labels)})
        assert len(cache) == 20_000 // (288 + 8 * labels)


class TestProbabilities:
    def test_are_asked_for_once(self) -> None:
        model = WordModel()
        made = scorer(model)
        first = probabilities([{"text": "spam"}, {"text": "a note"}, {"text": "spam"}], made)
        again = probabilities([{"text": "virus"}, {"text": "spam"}], made)
        assert model.asked == [["spam", "a note"], ["virus"]]
        assert first[0].tolist() == first[2].tolist() == again[1].tolist()

    def test_of_the_remembered_fit_no_other_text(self) -> None:
        made = scorer()
        texts = ["spam", "virus", "a note", "spam spam"]
        fresh = [probabilities([{"text": each}], scorer())[0].tolist() for each in texts]
        probabilities([{"text": each} for each in texts[::2]], made)
        assert probabilities([{"text": each} for each in texts], made).tolist() == fresh
