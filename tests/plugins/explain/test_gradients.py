"""Integrated Gradients of a text's vectors, on its characters."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sftsec_core.api import Batch, EmbeddedText
from sftsec_explain.gradients import FIRST_STEPS, OFF, gradient_contributions, on_characters


class TanhModel:
    """A token's vector speaks by tanh of its sum; "evil" is 2, any other word -0.1."""

    labels = ("benign", "malicious")
    has_gradients = True

    def __init__(self, steep: float = 1.0) -> None:
        self.steep, self.asked = steep, 0

    def embedded(self, batch: Batch) -> list[EmbeddedText] | None:
        import torch

        if not self.has_gradients:
            return None
        out = []
        for text in batch.text():
            words, place, spans = text.split(), 0, list[tuple[int, int]]()
            for word in words:
                place = text.index(word, place)
                spans.append((place, place + len(word)))
                place += len(word)
            values = [[2.0] if word == "evil" else [-0.1] for word in words]
            vectors = torch.tensor([[*values, [0.0]]])
            spans.append((0, 0))
            out.append(EmbeddedText(vectors, torch.zeros_like(vectors), [spans], self._logits))
        return out

    def _logits(self, vectors: Any) -> Any:
        import torch

        self.asked += len(vectors)
        found = torch.tanh(self.steep * vectors.sum((1, 2, 3)))
        return torch.stack([-found, found], dim=1)


class TestGradientContributions:
    def test_sum_to_the_log_odds(self) -> None:
        pytest.importorskip("captum")
        text = "an evil\r\nthing"
        found = gradient_contributions(TanhModel(), Batch.of_texts([text]), [(1, 0)], 32)  # type: ignore[arg-type]
        assert found is not None
        assert found[0].log_odds == pytest.approx(2 * np.tanh(1.8), rel=OFF)
        assert found[0].characters[3:7].sum() > 0 > found[0].characters[9:].sum()

    @pytest.mark.parametrize("steep", [1.0, 60.0])
    def test_takes_more_steps_where_few_miss(self, steep: float) -> None:
        pytest.importorskip("captum")
        model = TanhModel(steep)
        batch = Batch.of_texts(["an evil thing"])
        found = gradient_contributions(model, batch, [(1, 0)], 200)  # type: ignore[arg-type]
        assert found is not None
        assert found[0].log_odds == pytest.approx(2 * np.tanh(1.8 * steep), rel=OFF)
        # Two points for both ends, then the steps of one round, or of several.
        assert (model.asked == 2 + FIRST_STEPS) == (steep == 1.0)
        assert model.asked < 2 + 2 * 200

    def test_takes_no_more_than_allowed(self) -> None:
        pytest.importorskip("captum")
        model = TanhModel(1e4)
        batch = Batch.of_texts(["evil"])
        assert gradient_contributions(model, batch, [(1, 0)], 6) is not None  # type: ignore[arg-type]
        assert model.asked == 2 + FIRST_STEPS

    def test_are_none_without_gradients(self) -> None:
        model = TanhModel()
        model.has_gradients = False
        batch = Batch.of_texts(["evil"])
        assert gradient_contributions(model, batch, [(1, 0)], 4) is None  # type: ignore[arg-type]
        other: Any = SimpleNamespace(labels=("a", "b"))
        assert gradient_contributions(other, batch, [(1, 0)], 4) is None


class TestOnCharacters:
    def test_overlapping_windows_add_up(self) -> None:
        tokens = np.array([[1.0, 2.0], [2.0, 0.5]])
        found, rest = on_characters(tokens, [[(0, 2), (2, 4)], [(2, 4), (0, 0)]], 5)
        assert found.tolist() == pytest.approx([0.5, 0.5, 2.0, 2.0, 0.0])
        assert rest == 0.5

    def test_an_empty_text_has_none(self) -> None:
        found, rest = on_characters(np.array([[0.25]]), [[(0, 0)]], 0)
        assert (len(found), rest) == (0, 0.25)
