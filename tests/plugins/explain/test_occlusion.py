"""Leaving pieces out, within a budget of rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.api import InputField, InputKind
from sftsec_core.api.domain import Inputs
from sftsec_explain.occlusion import log_odds, occlude
from sftsec_explain.pieces import pieces_of

FIELDS = (InputField("text", InputKind.TEXT, ("message",)),)


class Counted:
    """Finds `evil` and counts the rows that it is asked about."""

    def __init__(self) -> None:
        self.rows = 0

    def __call__(self, rows: Sequence[Inputs]) -> NDArray[np.float64]:
        self.rows += len(rows)
        attack = np.array([0.9 if "evil" in str(row["text"]) else 0.2 for row in rows])
        return np.stack([1 - attack, attack], axis=1)


class TestOcclude:
    @pytest.mark.parametrize("words", [1, 5, 23, 24, 400, 5000])
    @pytest.mark.parametrize("rows", [2, 8, 24])
    def test_finds_the_word_within_the_budget(self, words: int, rows: int) -> None:
        row: Inputs = {"text": "evil " + "again " * (words - 1)}
        model = Counted()
        found = occlude(row, pieces_of(FIELDS, row), (1, 0), model, rows)
        assert model.rows <= rows + 1, "the row itself is scored with each of the two rounds"
        strongest = max(found, key=lambda each: each.contribution)
        assert strongest.pieces[0].words == "evil"
        assert strongest.contribution == pytest.approx(np.log(9) - np.log(0.25))
        assert sum(len(each.pieces) for each in found) == words

    def test_a_certain_model_has_finite_figures(self) -> None:
        proba = np.array([[1.0, 0.0], [0.0, 1.0]])
        assert np.isfinite(log_odds(proba, (1, 0))).all()
