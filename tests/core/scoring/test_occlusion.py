"""What a probability rests on: words of the text, and the inputs beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.domain import Inputs
from sftsec_core.recipes.boosted import train_boosted
from sftsec_core.recipes.config import BoostedConfig
from sftsec_core.scoring.occlusion import telling_pieces
from sftsec_core.scoring.scorer import Scorer
from tests.core.recipes.mixed import MIXED, mixed_job
from tests.core.scoring.parts import TASK, scorer


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    folder: Path = tmp_path_factory.mktemp("boosted")
    return scorer(train_boosted(mixed_job(folder, BoostedConfig(rounds=40))), task=MIXED)


class TestTellingPieces:
    def test_are_words_of_the_text(self) -> None:
        inputs: Inputs = {"text": "a spam  here\nvirus"}
        (found,) = telling_pieces(inputs, TASK.labels.index("spam"), scorer(), 5)
        assert found.text == "spam"
        assert found.influence == pytest.approx(3 / 7)

    def test_are_numbers_beside_the_text(self, mixed: Scorer) -> None:
        inputs: Inputs = {"text": "failed login seen 3", "count": 4000.0, "host": "web"}
        assert telling_pieces(inputs, 1, mixed, 1)[0].text == "count: 4000"

    def test_are_none_of_what_is_missing(self, mixed: Scorer) -> None:
        assert telling_pieces({"text": "", "count": None, "host": None}, 1, mixed, 5) == ()
