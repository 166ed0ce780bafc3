from __future__ import annotations

import numpy as np
import pytest

from sftsec_core.recipes.encoder.loss import weighted_cross_entropy
from sftsec_core.recipes.weights import Scheme, class_weights

LABELS = np.array([0] * 99 + [1])
FULL_TRUST = np.ones(100, dtype=np.float32)


@pytest.mark.parametrize(
    ("scheme", "ratio"), [("none", 1), ("sqrt_inverse", 99**0.5), ("inverse", 99)]
)
def test_a_rare_class_weighs_more_by_the_scheme(scheme: Scheme, ratio: float) -> None:
    weights = class_weights(LABELS, FULL_TRUST, 2, scheme)
    assert weights[1] / weights[0] == pytest.approx(ratio, rel=1e-5)


@pytest.mark.parametrize("scheme", ["none", "sqrt_inverse", "inverse"])
def test_the_mean_weight_of_an_example_is_one(scheme: Scheme) -> None:
    weights = class_weights(LABELS, FULL_TRUST, 2, scheme)
    assert weights[LABELS].mean() == pytest.approx(1, rel=1e-5)


def test_a_class_without_examples_weighs_nothing() -> None:
    weights = class_weights(LABELS, FULL_TRUST, 4, "sqrt_inverse")
    assert weights.tolist()[2:] == [0, 0]
    assert np.isfinite(weights).all()


def test_a_class_is_as_frequent_as_its_examples_are_trusted() -> None:
    trust = np.where(LABELS == 0, 1 / 99, 1).astype(np.float32)
    weights = class_weights(LABELS, trust, 2, "inverse")
    assert weights[0] == pytest.approx(weights[1], rel=1e-5)


def test_the_loss_is_the_mean_of_the_weighted_losses() -> None:
    import torch

    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    labels = torch.tensor([0, 0, 1])
    trust, weights = torch.tensor([1.0, 0.5, 0.0]), torch.tensor([0.5, 3.0])
    loss = weighted_cross_entropy(logits, labels, trust, weights)
    plain = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
    assert loss.item() == pytest.approx((plain[0] * 0.5 + plain[1] * 0.25).item() / 3)


def test_half_precision_logits_give_a_loss_of_full_precision() -> None:
    import torch

    logits = torch.tensor([[2.0, 0.0]], dtype=torch.bfloat16)
    one = torch.ones(1)
    loss = weighted_cross_entropy(logits, torch.tensor([0]), one, torch.ones(2))
    assert loss.dtype == torch.float32
