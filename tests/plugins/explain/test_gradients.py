"""Integrated Gradients of a text's vectors, on its characters."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sftsec_core.api import Batch, EmbeddedText
from sftsec_explain.gradients import gradient_contributions, on_characters


class TanhModel:
    """A token's vector speaks by tanh of its sum; "evil" is 2, any other word -0.1."""

    labels = ("benign", "malicious")
    has_gradients = True

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

    @staticmethod
    def _logits(vectors: Any) -> Any:
        import torch

        found = torch.tanh(vectors.sum((1, 2, 3)))
        return torch.stack([-found, found], dim=1)


class TestGradientContributions:
    def test_sum_to_the_log_odds(self) -> None:
        pytest.importorskip("captum")
        text = "an evil\r\nthing"
        found = gradient_contributions(TanhModel(), Batch.of_texts([text]), [(1, 0)], 32)  # type: ignore[arg-type]
        assert found is not None
        assert found[0].log_odds == pytest.approx(2 * np.tanh(1.8), abs=1e-4)
        assert found[0].characters[3:7].sum() > 0 > found[0].characters[9:].sum()

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
