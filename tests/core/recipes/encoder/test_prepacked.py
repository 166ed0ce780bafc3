"""Linear layers laid out for oneDNN give what torch's own give."""

from __future__ import annotations

import platform

import pytest

from sftsec_core.recipes.encoder.classifier import EncoderModel

x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="laid out on x86-64 alone")


class TestPrepacked:
    @x86
    def test_gives_the_same_vectors(self, trained: EncoderModel) -> None:
        import torch

        from sftsec_core.recipes.encoder.prepacked import PrepackedLinear, prepacked

        module = trained.module.cpu()
        made = prepacked(module)
        layers = [each for each in made.encoder.modules() if isinstance(each, torch.nn.Linear)]
        assert len(layers) >= 6
        assert all(type(each) is PrepackedLinear for each in layers)
        assert type(made.head) is torch.nn.Linear
        assert {id(each) for each in made.parameters()} == {id(p) for p in module.parameters()}
        ids = torch.tensor([[1, 2, 3, 4], [4, 3, 0, 0]])
        mask = (ids > 0).long()
        with torch.inference_mode():
            wanted, found = (each(input_ids=ids, attention_mask=mask) for each in (module, made))
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)

    def test_sixteen_bits_stay_as_they_are(self, trained: EncoderModel) -> None:
        import copy

        import torch

        from sftsec_core.recipes.encoder.prepacked import prepacked

        half = copy.deepcopy(trained.module).to(torch.bfloat16)
        assert prepacked(half) is half

    @x86
    def test_a_wrong_kernel_is_not_used(
        self,
        trained: EncoderModel,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        from sftsec_core.recipes.encoder import prepacked

        monkeypatch.setattr(prepacked, "TOLERANCE", -1.0)
        caplog.set_level("INFO")
        module = trained.module.cpu()
        assert prepacked.prepacked(module) is module
        assert "not laid out for oneDNN (RuntimeError)" in caplog.text
