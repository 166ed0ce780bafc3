"""What computes for a module, in 16 bits or with its own weights; which it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api.domain import Batch
from sftsec_core.models.model_format import read_json, write_json
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.classifier import EncoderModel, PooledClassifier, read_logits
from sftsec_core.recipes.encoder.data import encode_texts
from sftsec_core.recipes.encoder.encoder import load_encoder, load_tokenizer
from sftsec_core.recipes.encoder.full import train_full
from sftsec_core.recipes.encoder.precision import Precision, Twin, _say_float32, settled, use_bf16
from tests.core.recipes.tiny_encoder import PROBES, make_job
from tests.logs import told

PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16")
MODULE = "sftsec_core.recipes.encoder.precision"


@pytest.fixture
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(f"{MODULE}.pick_device", lambda: torch.device("cpu"))


@pytest.fixture
def with_bf16(on_cpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{MODULE}.half_precision", lambda _device: True)


@pytest.fixture
def without_bf16(on_cpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{MODULE}.half_precision", lambda _device: False)
    _say_float32.cache_clear()


def make_twin(encoder: EncoderSettings, precision: Precision) -> tuple[PooledClassifier, Twin]:
    import torch

    torch.manual_seed(3)
    module = PooledClassifier(load_encoder(Path(encoder.path)), 2, 0.0).eval()
    return module, Twin(module, load_tokenizer(Path(encoder.path)), precision=precision)


def one_weight(module: PooledClassifier) -> Any:
    """Of the encoder's last linear layer."""
    return module.encoder.encoder.layer[-1].output.dense.weight  # type: ignore[union-attr, index]


def compute(encoder: EncoderSettings, twin: Twin) -> Any:
    texts = encode_texts(PROBES, load_tokenizer(Path(encoder.path)), 32)
    return twin.module(**twin.collator.tensors(texts)).float()


@pytest.mark.usefixtures("with_bf16")
class TestTwin:
    def test_of_16_bits_gives_the_modules_gradients(self, encoder: EncoderSettings) -> None:
        import torch

        gradients = []
        for precision in PRECISIONS:
            module, twin = make_twin(encoder, precision)
            compute(encoder, twin).square().sum().backward()
            twin.hand_back()
            gradients.append(one_weight(module).grad)
        assert gradients[1] is not None
        assert gradients[1].dtype == torch.float32
        torch.testing.assert_close(gradients[1], gradients[0], atol=0.02, rtol=0.05)

    def test_adds_gradients_until_they_are_cleared(self, encoder: EncoderSettings) -> None:
        import torch

        module, twin = make_twin(encoder, "bf16")
        sums = []
        for _ in range(2):
            compute(encoder, twin).sum().backward()
            twin.hand_back()
            gradient = one_weight(module).grad
            assert gradient is not None
            sums.append(gradient.clone())
        torch.testing.assert_close(sums[1], 2 * sums[0])

    def test_takes_over_steps_below_its_bits(self, encoder: EncoderSettings) -> None:
        import torch

        module, twin = make_twin(encoder, "bf16")
        before = one_weight(twin.module).detach().clone()
        for _ in range(64):
            with torch.no_grad():
                one_weight(module).mul_(1 + 2**-10)  # lost, each alone, in a number of 8 bits
            twin.refresh()
        grown = (one_weight(twin.module).detach() / before).float()
        assert float(grown.median()) == pytest.approx((1 + 2**-10) ** 64, rel=0.01)

    def test_of_32_bits_shares_the_weights(self, encoder: EncoderSettings) -> None:
        module, twin = make_twin(encoder, "fp32")
        both = zip(twin.module.parameters(), module.parameters(), strict=True)
        assert all(one is other for one, other in both)
        assert not twin.mixes_lengths

    def test_keeps_the_head_in_32_bits(self, encoder: EncoderSettings) -> None:
        import torch

        _, twin = make_twin(encoder, "auto")
        assert twin.precision == "bf16"
        assert one_weight(twin.module).dtype == torch.bfloat16
        assert twin.module.head.weight.dtype == torch.float32

    @pytest.mark.parametrize(("asked", "found"), [("auto", "fp32"), ("bf16", "bf16")])
    def test_padded_texts_want_it_asked_for(
        self,
        asked: Precision,
        found: str,
        encoder: EncoderSettings,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(f"{MODULE}.position_to_pack", lambda _encoder: None)
        assert make_twin(encoder, asked)[1].precision == found

    @pytest.mark.parametrize("precision", PRECISIONS)
    def test_mates_do_not_move_a_text(self, precision: Precision, encoder: EncoderSettings) -> None:
        import torch

        _, twin = make_twin(encoder, precision)
        texts = encode_texts(PROBES, load_tokenizer(Path(encoder.path)), 32)
        together = read_logits(twin.module, texts, twin.collator)
        alone = [
            read_logits(twin.module, texts.take(np.array([i])), twin.collator)
            for i in range(len(texts))
        ]
        torch.testing.assert_close(torch.cat(alone), together, atol=2e-7, rtol=0)


class TestUseBf16:
    @pytest.mark.usefixtures("with_bf16")
    def test_is_chosen_where_in_hardware(self) -> None:
        assert [use_bf16(each) for each in ("auto", "bf16", "fp32")] == [True, True, False]
        assert [settled(each) for each in ("auto", "bf16", "fp32")] == ["bf16", "bf16", "fp32"]

    @pytest.mark.usefixtures("without_bf16")
    def test_lacking_hardware_is_told_once(self, caplog: pytest.LogCaptureFixture) -> None:
        assert not use_bf16("auto")
        assert settled("auto") == "fp32"
        assert not told(caplog, "sftsec_core.recipes.encoder.precision")
        assert not any(use_bf16("bf16") for _ in range(3))
        assert caplog.text.count("this CPU does not multiply bfloat16") == 1


class TestSavedModel:
    def test_scores_in_what_trained_it(
        self, encoder: EncoderSettings, tmp_path: Path, with_bf16: None
    ) -> None:
        asked = encoder.model_copy(update={"precision": "fp32"})
        train_full(make_job(asked, tmp_path / "work", epochs=1)).save(made(tmp_path / "model"))
        assert read_json(tmp_path / "model" / "classifier.json")["precision"] == "fp32"
        EncoderModel.load(tmp_path / "model").save(made(tmp_path / "again"))
        assert read_json(tmp_path / "again" / "classifier.json")["precision"] == "fp32"

    @pytest.mark.usefixtures("without_bf16")
    def test_moves_to_a_cpu_without(
        self, trained: EncoderModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        trained.save(made(tmp_path / "model"))
        told = read_json(tmp_path / "model" / "classifier.json")
        write_json(tmp_path / "model" / "classifier.json", {**told, "precision": "bf16"})
        loaded = EncoderModel.load(tmp_path / "model")
        assert "does not multiply bfloat16" in caplog.text
        batch = Batch.of_texts(PROBES)
        found, wanted = loaded.predict_proba(batch), trained.predict_proba(batch)
        np.testing.assert_allclose(found, wanted, atol=0.02)
        loaded.save(made(tmp_path / "again"))
        assert read_json(tmp_path / "again" / "classifier.json")["precision"] == "bf16"


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder
