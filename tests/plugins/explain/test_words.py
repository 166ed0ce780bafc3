"""The explainer `words`: which method, which words, and what would flip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.api import Batch, Contributions, ExplainJob
from sftsec_explain.config import WordsConfig
from sftsec_explain.words import explain


class Additive:
    """Words that are known add to the log-odds; says so exactly if asked."""

    labels = ("benign", "malicious")
    weights = {"evil": 2.0, "bad": 1.5, "signed": -1.0}  # noqa: RUF012 - of a test

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        odds = [sum(map(self._weight, text.split())) - 1.0 for text in batch.text()]
        attack = 1 / (1 + np.exp(-np.array(odds)))
        return np.stack([1 - attack, attack], axis=1)

    def _weight(self, word: str) -> float:
        return self.weights.get(word, 0.0)


class Exact(Additive):
    """Additive, with its contributions."""

    def contributions(self, batch: Batch, pairs: Any) -> list[Contributions]:
        out = []
        for text, pair in zip(batch.text(), pairs, strict=True):
            characters = np.zeros(len(text))
            for word, weight in self.weights.items():
                start = text.find(word)
                if start >= 0:
                    characters[start] = weight * (pair[0] - pair[1])
            out.append(Contributions(characters, bias=-1.0 * (pair[0] - pair[1])))
        return out


class OnlyBad(Exact):
    """Decides by `bad` alone, whatever it says of `evil`."""

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        attack = np.array([0.9 if "bad" in text else 0.1 for text in batch.text()])
        return np.stack([1 - attack, attack], axis=1)


def job_of(model: Any, *texts: str, pair: tuple[int, int] = (1, 0)) -> ExplainJob:
    batch = Batch.of_texts(texts)

    def decide(rows: Batch, _of: Sequence[int]) -> list[str]:
        return [model.labels[column] for column in model.predict_proba(rows).argmax(axis=1)]

    return ExplainJob(
        model=model,
        batch=batch,
        pairs=[pair] * len(batch),
        proba=model.predict_proba,
        decide=decide,
    )


class TestExplain:
    @pytest.mark.parametrize(("model", "method"), [(Exact(), "exact"), (Additive(), "occlusion")])
    def test_gives_each_word_its_part(self, model: Any, method: str) -> None:
        (found,) = explain(WordsConfig(), job_of(model, "an evil but signed bad thing"))
        assert found.method == method
        figures = {each.words: each.contribution for each in found.attributions}
        assert figures == pytest.approx({"evil": 2.0, "bad": 1.5, "signed": -1.0}, abs=1e-6)
        assert [each.span for each in found.attributions] == [(3, 7), (19, 22), (12, 18)]

    def test_tells_only_the_strongest(self) -> None:
        (found,) = explain(WordsConfig(top=1, flip=False), job_of(Exact(), "evil bad signed"))
        assert found.text == "because of `evil`"
        assert len(found.attributions) == 1

    def test_a_repeated_word_is_told_once(self) -> None:
        text = "evil " * 3 + "bad"
        (found,) = explain(WordsConfig(top=2, flip=False), job_of(Additive(), text))
        assert found.text == "because of `evil`, `bad`"
        assert len(found.attributions) == 4

    def test_a_method_it_lacks_is_refused(self) -> None:
        with pytest.raises(ValueError, match="gives no exact contributions"):
            explain(WordsConfig(method="exact"), job_of(Additive(), "evil"))


class TestFlip:
    def test_fewest_words_that_change_it(self) -> None:
        (found,) = explain(WordsConfig(), job_of(Exact(), "evil thing"))
        assert (found.flip, found.flipped) == (("evil",), "benign")
        assert found.text.endswith("without `evil` it would be benign")

    def test_takes_several_where_one_is_not_enough(self) -> None:
        (found,) = explain(WordsConfig(), job_of(Exact(), "evil bad thing"))
        assert (found.flip, found.flipped) == (("evil", "bad"), "benign")

    def test_a_word_not_needed_stays(self) -> None:
        (found,) = explain(WordsConfig(), job_of(OnlyBad(), "evil bad thing"))
        assert [each.words for each in found.attributions] == ["evil", "bad"]
        assert (found.flip, found.flipped) == (("bad",), "benign")

    def test_is_none_where_nothing_changes_it(self) -> None:
        (found,) = explain(WordsConfig(), job_of(Exact(), "signed thing", pair=(0, 1)))
        assert (found.flip, found.flipped) == ((), None)
