"""The vectors of windows as one."""

from __future__ import annotations

import pytest

from sftsec_core.recipes.encoder.pooling import WindowPooling
from sftsec_core.recipes.reading import Pooling


class TestWindowPooling:
    @pytest.mark.parametrize("how", ["mean", "max", "attention"])
    def test_one_window_stays_as_it_is(self, how: Pooling) -> None:
        import torch

        vectors = torch.randn(3, 8)
        pooled = WindowPooling(8, how)(vectors, torch.tensor([1, 2]), torch.zeros(3))
        assert pooled[0].equal(vectors[0])

    def test_pools_the_windows_of_each_text(self) -> None:
        import torch

        vectors, counts, scores = torch.randn(5, 8), torch.tensor([2, 3]), torch.zeros(5)
        mean, peak, start = (
            WindowPooling(8, how)(vectors, counts, scores) for how in ("mean", "max", "attention")
        )
        torch.testing.assert_close(mean[1], vectors[2:].mean(0))
        torch.testing.assert_close(peak[1], vectors[2:].amax(0))
        torch.testing.assert_close(start, mean)  # before anything is learnt

    def test_attention_follows_scores_and_learns(self) -> None:
        import torch

        pooling = WindowPooling(8, "attention")
        vectors = torch.randn(2, 8)
        pooled = pooling(vectors, torch.tensor([2]), torch.tensor([-20.0, 20.0]))
        torch.testing.assert_close(pooled[0], vectors[1])
        pooling(vectors, torch.tensor([2]), torch.zeros(2)).sum().backward()
        assert pooling.query is not None
        assert pooling.query.grad is not None
        assert pooling.query.grad.abs().sum() > 0
