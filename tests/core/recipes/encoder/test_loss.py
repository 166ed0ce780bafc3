"""The loss weighs classes and examples."""

from __future__ import annotations

import pytest

from sftsec_core.recipes.encoder.loss import weighted_cross_entropy


class TestWeightedCrossEntropy:
    def test_is_the_mean_of_the_weighted_losses(self) -> None:
        import torch

        logits = torch.tensor([[2.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
        labels = torch.tensor([0, 0, 1])
        trust, weights = torch.tensor([1.0, 0.5, 0.0]), torch.tensor([0.5, 3.0])
        loss = weighted_cross_entropy(logits, labels, trust, weights)
        plain = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
        assert loss.item() == pytest.approx((plain[0] * 0.5 + plain[1] * 0.25).item() / 3)

    def test_has_full_precision_for_half_precision_logits(self) -> None:
        import torch

        logits = torch.tensor([[2.0, 0.0]], dtype=torch.bfloat16)
        one = torch.ones(1)
        loss = weighted_cross_entropy(logits, torch.tensor([0]), one, torch.ones(2))
        assert loss.dtype == torch.float32
