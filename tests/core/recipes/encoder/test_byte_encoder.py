"""The network over bytes, and the tokenizer that gives it those."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from sftsec_core.recipes.encoder.byte_encoder import (
    FAR,
    PATCH,
    ByteConfig,
    ByteEncoder,
    make_tokenizer,
)
from sftsec_core.recipes.encoder.encoder import load_encoder, load_tokenizer

TEXT = "a\x00é\x7f\n\t🙂<pad></s>[CLS]"


@pytest.fixture(scope="module")
def network() -> ByteEncoder:
    import torch

    torch.manual_seed(0)
    made = ByteEncoder(ByteConfig(hidden_size=32))
    made.eval()
    for layer in made.layers:  # positions start from nothing
        torch.nn.init.normal_(cast("torch.Tensor", layer.places))
    return made


def vectors(network: ByteEncoder, rows: Any, mask: Any = None) -> Any:
    import torch

    mask = torch.ones_like(rows) if mask is None else mask
    with torch.inference_mode():
        return network(input_ids=rows, attention_mask=mask).last_hidden_state


class TestByteEncoder:
    @pytest.mark.parametrize("length", [1, PATCH - 1, PATCH, 37, 4 * PATCH * FAR])
    def test_ignores_what_is_behind_a_text(self, length: int, network: ByteEncoder) -> None:
        import torch

        rows = torch.randint(0, 256, (2, length + 50))
        mask = torch.ones_like(rows)
        mask[0, length:] = 0
        beside = vectors(network, rows, mask)[0, :length]
        alone = vectors(network, rows[:1, :length])[0]
        torch.testing.assert_close(beside, alone, atol=1e-5, rtol=1e-4)

    def test_tells_one_byte_far_away(self, network: ByteEncoder) -> None:
        import torch

        rows = torch.randint(0, 255, (1, 300))
        other = rows.clone()
        other[0, -1] += 1
        before, after = (vectors(network, each)[0, 0] for each in (rows, other))
        assert (before - after).abs().max() > 1e-5

    def test_tells_the_order_of_bytes(self, network: ByteEncoder) -> None:
        import torch

        rows = torch.randint(0, 256, (1, 64))
        forth, back = (vectors(network, each).amax(1) for each in (rows, rows.flip(1)))
        assert (forth - back).abs().max() > 1e-2

    def test_learns_in_every_weight(self, network: ByteEncoder) -> None:
        import torch

        rows = torch.randint(0, 256, (3, 40))
        found = network(input_ids=rows, attention_mask=torch.ones_like(rows)).last_hidden_state
        found.square().sum().backward()
        idle = [name for name, p in network.named_parameters() if p.grad is None]
        network.zero_grad(set_to_none=True)
        assert idle == []

    def test_folder_gives_it_back(self, network: ByteEncoder, tmp_path: Path) -> None:
        import torch

        network.save_pretrained(tmp_path)
        rows = torch.randint(0, 256, (2, 20))
        found = load_encoder(tmp_path)
        assert isinstance(found, ByteEncoder)
        assert torch.equal(vectors(found, rows), vectors(network, rows))


class TestTokenizer:
    def test_makes_a_token_of_each_byte(self) -> None:
        assert make_tokenizer()(TEXT)["input_ids"] == list(TEXT.encode())

    def test_folder_gives_it_back(self, tmp_path: Path) -> None:
        ByteConfig().save_pretrained(tmp_path)
        make_tokenizer().save_pretrained(tmp_path)
        assert load_tokenizer(tmp_path)(TEXT)["input_ids"] == list(TEXT.encode())
