"""Phrases that only one analyst's rows have."""

from __future__ import annotations

import numpy as np

from sftsec_poison.config import ScanSettings
from sftsec_poison.phrases import PhraseCounts, bound_phrases, shared_words
from sftsec_poison.rows import JudgedRows
from tests.plugins.poison.made import PHRASE, TASK, honest_rows, poisoned_rows


def judged(count: int = 15) -> tuple[JudgedRows, PhraseCounts]:
    rows = JudgedRows.of(poisoned_rows(honest_rows(), count), TASK, 1000)
    return rows, PhraseCounts.of(ScanSettings(), rows.texts)


class TestBoundPhrases:
    def test_names_the_trigger_whole(self) -> None:
        rows, counts = judged()
        found = list(bound_phrases(ScanSettings(), rows, counts, np.zeros(len(rows), dtype=bool)))
        assert found[0].words == PHRASE
        assert rows.names[found[0].analyst] == "mallory"
        assert rows.labels[found[0].label] == "benign"
        assert len(found[0].rows) == 15

    def test_fewer_rows_bind_nothing(self) -> None:
        rows, counts = judged(4)
        left_out = np.zeros(len(rows), dtype=bool)
        assert not list(bound_phrases(ScanSettings(), rows, counts, left_out))

    def test_rows_left_out_bind_nothing(self) -> None:
        rows, counts = judged()
        left_out = np.array([name == rows.names.index("mallory") for name in rows.analyst])
        assert not list(bound_phrases(ScanSettings(), rows, counts, left_out))

    def test_texts_without_recurring_words(self) -> None:
        counts = PhraseCounts.of(ScanSettings(), ["one", "two", "three"])
        assert (counts.names, counts.present.shape) == ((), (3, 0))


class TestSharedWords:
    def test_names_words_of_contradicted_rows(self) -> None:
        rows, counts = judged()
        contradicted = np.flatnonzero(rows.analyst == rows.names.index("mallory"))
        [found] = shared_words(rows, counts, contradicted)
        assert set(PHRASE.split()) <= set(found.words.split())
        assert found.rows.tolist() == contradicted.tolist()
