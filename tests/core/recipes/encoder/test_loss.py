"""The losses: each is its paper's formula, weighs examples by trust, and has right gradients."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.recipes.config import EncoderSettings, FineTuneConfig
from tests.core.recipes.tiny_encoder import make_examples, make_job

LABELS = np.array([0] * 16 + [1])  # 16 to 1
LOSSES = ("cross_entropy", "focal", "class_balanced", "ldam")


def loss_of(**settings: Any) -> Any:
    from sftsec_core.recipes.encoder.loss import Loss

    config = FineTuneConfig(**settings)
    return Loss.of(config, LABELS, np.ones(len(LABELS), dtype=np.float32), 2)


def batch() -> tuple[Any, Any, Any]:
    import torch

    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0], [0.5, 0.0]])
    return logits, torch.tensor([0, 0, 1]), torch.tensor([1.0, 0.5, 1.0])


class TestLoss:
    def test_is_the_mean_of_the_weighted_terms(self) -> None:
        import torch

        logits, labels, trust = batch()
        loss = loss_of(class_weights="none")(logits, labels, trust)
        plain = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
        assert loss.item() == pytest.approx((plain * trust).sum().item() / 3)

    def test_focal_fades_what_is_right(self) -> None:
        import torch

        logits, labels, trust = batch()
        loss = loss_of(loss="focal", class_weights="none", focal_gamma=2)(logits, labels, trust)
        right = torch.softmax(logits, 1)[torch.arange(3), labels]
        wanted = ((1 - right) ** 2 * -right.log() * trust).mean()
        assert loss.item() == pytest.approx(wanted.item(), rel=1e-5)

    def test_focal_of_gamma_0_is_cross_entropy(self) -> None:
        plain, focal = loss_of(), loss_of(loss="focal", focal_gamma=0)
        assert focal(*batch()).item() == pytest.approx(plain(*batch()).item())

    def test_class_balanced_weighs_by_effective_numbers(self) -> None:
        weights = loss_of(loss="class_balanced").weights
        numbers = (1 - 0.9999 ** np.array([16, 1])) / (1 - 0.9999)
        assert (weights[1] / weights[0]).item() == pytest.approx(numbers[0] / numbers[1], rel=1e-4)

    @pytest.mark.parametrize("name", LOSSES)
    def test_balanced_batches_need_no_weights(self, name: str) -> None:
        loss = loss_of(loss=name, batches="balanced")
        assert loss.weights.tolist() == loss.late_weights.tolist() == [1.0, 1.0]
        assert bool(loss.margins.any()) == (name == "ldam")

    def test_ldam_margins_fall_with_the_fourth_root(self) -> None:
        assert loss_of(loss="ldam").margins.tolist() == pytest.approx([0.25, 0.5])

    def test_ldam_asks_for_the_margin(self) -> None:
        import torch

        logits, labels, trust = batch()
        loss = loss_of(loss="ldam")(logits, labels, trust)
        moved = logits - torch.tensor([[0.25, 0.0], [0.25, 0.0], [0.0, 0.5]])
        plain = torch.nn.functional.cross_entropy(moved, labels, reduction="none")
        assert loss.item() == pytest.approx((plain * trust).mean().item())

    def test_ldam_weighs_rare_classes_late(self) -> None:
        loss = loss_of(loss="ldam")
        early, late = (loss(*batch(), progress=at).item() for at in (0.79, 0.8))
        assert loss.weights.tolist() == [1.0, 1.0]
        assert loss.late_weights[1] > 5 * loss.late_weights[0]
        assert late > early

    def test_smoothing_is_torchs(self) -> None:
        import torch

        logits, labels, trust = batch()
        loss = loss_of(class_weights="none", label_smoothing=0.1)(logits, labels, trust)
        plain = torch.nn.functional.cross_entropy(
            logits, labels, reduction="none", label_smoothing=0.1
        )
        assert loss.item() == pytest.approx((plain * trust).mean().item())

    @pytest.mark.parametrize("name", LOSSES)
    def test_gradients_are_those_of_differences(self, name: str) -> None:
        import torch

        logits, labels, trust = batch()
        loss = loss_of(loss=name, label_smoothing=0.1)
        logits.requires_grad_()
        loss(logits, labels, trust, progress=0.9).backward()
        found, step = logits.grad.clone(), 1e-2
        with torch.no_grad():
            for place in np.ndindex(3, 2):
                moved = [logits.detach().clone() for _ in range(2)]
                moved[0][place] += step
                moved[1][place] -= step
                up, down = (loss(each, labels, trust, progress=0.9).item() for each in moved)
                assert found[place].item() == pytest.approx((up - down) / (2 * step), abs=1e-3)

    @pytest.mark.parametrize("name", LOSSES)
    def test_has_full_precision_for_half_precision_logits(self, name: str) -> None:
        import torch

        logits, labels, trust = batch()
        assert loss_of(loss=name)(logits.to(torch.bfloat16), labels, trust).dtype == torch.float32

    @pytest.mark.parametrize("name", LOSSES)
    def test_a_class_without_examples_is_no_error(self, name: str) -> None:
        import torch

        from sftsec_core.recipes.encoder.loss import Loss

        trust = np.ones(len(LABELS), dtype=np.float32)
        loss = Loss.of(FineTuneConfig(loss=name), LABELS, trust, 3)
        logits = torch.zeros((2, 3))
        assert torch.isfinite(loss(logits, torch.tensor([0, 1]), torch.ones(2), progress=1.0))


class TestTraining:
    def test_ldam_takes_late_weights_at_the_end(
        self, tiny: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from sftsec_core.recipes.encoder.full import train_full
        from sftsec_core.recipes.encoder.loss import DRW_FROM, Loss

        told: list[float] = []
        computed = Loss.__call__

        def loss(self: Loss, *given: Any, progress: float = 0.0) -> Any:
            told.append(progress)
            return computed(self, *given, progress=progress)

        monkeypatch.setattr(Loss, "__call__", loss)
        job = make_job(tiny, tmp_path, train=make_examples(40), dev=(), epochs=2, loss="ldam")
        model = train_full(replace(job, deadline_s=None))
        assert told == sorted(told)
        assert told[0] == 0 < DRW_FROM <= told[-1] < 1
        assert model.labels == job.task.labels
