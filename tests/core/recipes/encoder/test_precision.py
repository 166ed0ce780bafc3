"""The twin that computes for a module, in 16 bits or as the module itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.classifier import PooledClassifier
from sftsec_core.recipes.encoder.data import encode_texts
from sftsec_core.recipes.encoder.encoder import load_encoder, load_tokenizer
from sftsec_core.recipes.encoder.precision import Twin, use_bf16
from tests.core.recipes.tiny_encoder import PROBES


def make_twin(encoder: EncoderSettings, *, bf16: bool) -> tuple[PooledClassifier, Twin]:
    import torch

    torch.manual_seed(3)
    module = PooledClassifier(load_encoder(Path(encoder.path)), 2, 0.0).eval()
    return module, Twin(module, load_tokenizer(Path(encoder.path)), bf16=bf16)


def compute(encoder: EncoderSettings, twin: Twin) -> Any:
    texts = encode_texts(PROBES, load_tokenizer(Path(encoder.path)), 32)
    return twin.module(**twin.collator.tensors(texts)).float()


class TestTwin:
    def test_of_16_bits_gives_the_modules_gradients(self, encoder: EncoderSettings) -> None:
        import torch

        gradients = []
        for bf16 in (False, True):
            module, twin = make_twin(encoder, bf16=bf16)
            compute(encoder, twin).square().sum().backward()
            twin.hand_back()
            gradients.append(module.head.weight.grad)
        assert gradients[1] is not None
        assert gradients[1].dtype == torch.float32
        torch.testing.assert_close(gradients[1], gradients[0], atol=0.02, rtol=0.05)

    def test_adds_gradients_until_they_are_cleared(self, encoder: EncoderSettings) -> None:
        import torch

        module, twin = make_twin(encoder, bf16=True)
        sums = []
        for _ in range(2):
            compute(encoder, twin).sum().backward()
            twin.hand_back()
            assert module.head.bias.grad is not None
            sums.append(module.head.bias.grad.clone())
        torch.testing.assert_close(sums[1], 2 * sums[0])

    def test_takes_over_steps_below_its_bits(self, encoder: EncoderSettings) -> None:
        import torch

        module, twin = make_twin(encoder, bf16=True)
        before = twin.module.head.weight.detach().clone()
        for _ in range(64):
            with torch.no_grad():
                module.head.weight.mul_(1 + 2**-10)  # lost, each alone, in a number of 8 bits
            twin.refresh()
        grown = (twin.module.head.weight.detach() / before).float()
        assert float(grown.median()) == pytest.approx((1 + 2**-10) ** 64, rel=0.01)

    def test_of_32_bits_is_the_module(self, encoder: EncoderSettings) -> None:
        module, twin = make_twin(encoder, bf16=False)
        assert twin.module is module
        assert not twin.packs


class TestUseBf16:
    @pytest.mark.parametrize("precision", ["auto", "fp32"])
    def test_is_never_chosen_for_a_cpu(
        self, precision: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import torch

        module = "sftsec_core.recipes.encoder.precision"
        monkeypatch.setattr(f"{module}.pick_device", lambda: torch.device("cpu"))
        monkeypatch.setattr(f"{module}.half_precision", lambda _device: True)
        assert not use_bf16(precision)
        assert use_bf16("bf16")

    def test_is_asked_for_in_vain_without_hardware(self, monkeypatch: pytest.MonkeyPatch) -> None:
        module = "sftsec_core.recipes.encoder.precision"
        monkeypatch.setattr(f"{module}.half_precision", lambda _device: False)
        assert not use_bf16("bf16")
