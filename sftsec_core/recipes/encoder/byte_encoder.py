"""A small encoder of UTF-8 bytes, from scratch: for strings that are not made of words.

    bytes -> vectors -> convolution -> patches of four bytes -> (convolution, attention, layers) x N
          -> each byte gets its patch's vector beside its own

A domain, a URL's path, a token: a vocabulary of words cuts them at random, and what tells them is
which bytes follow which, and where. Convolutions see the first, attention over patches the second;
patches make attention a sixteenth of the work (as MEGABYTE's, Yu 2023; CANINE's downsampling, Clark
2022). Positions are relative, added to the attention's scores, so that any length is read. Nothing
of a text depends on the padding behind it: what lies there is zero before each convolution, and no
patch attends to it.

It is a model of transformers, of a kind of its own that is registered here: its folder is read and
checked as those of others are.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import nn
from torch.nn import functional
from transformers import (
    AutoConfig,
    AutoModel,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)
from transformers.modeling_outputs import BaseModelOutput

KIND = "sftsec_bytes"
PATCH = 4  # bytes
FAR = 32  # patches: all farther ones share a position


class ByteConfig(PreTrainedConfig):  # type: ignore[misc]  # transformers is untyped
    """Sizes of a `ByteEncoder`."""

    model_type = KIND
    vocab_size: int = 256
    byte_size: int = 64
    hidden_size: int = 128
    num_hidden_layers: int = 2
    num_attention_heads: int = 4
    kernel: int = 5
    token_pooling: str = "max"  # noqa: S105 - a mean averages one telling stretch of bytes away


class ByteEncoder(PreTrainedModel):  # type: ignore[misc]  # transformers is untyped
    """Maps bytes to vectors, one a byte."""

    config_class = ByteConfig
    base_model_prefix = "bytes"
    _no_split_modules: ClassVar[list[str]] = ["ByteLayer"]

    def __init__(self, config: ByteConfig) -> None:
        """Make the layers; their random start comes from torch's generator."""
        super().__init__(config)
        width = config.hidden_size
        self.embedding = nn.Embedding(config.vocab_size, config.byte_size)
        self.near = nn.Conv1d(config.byte_size, width, 2 * config.kernel - 1, padding="same")
        self.near_norm = nn.LayerNorm(width)
        self.patches = nn.Conv1d(width, width, PATCH, stride=PATCH)
        self.dropout = nn.Dropout(0.0)
        self.layers = nn.ModuleList(ByteLayer(config) for _ in range(config.num_hidden_layers))
        self.norm = nn.LayerNorm(width)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Fill a layer's weights; transformers calls it for each one that has none yet."""
        if isinstance(module, nn.Conv1d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        elif isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight)
        elif isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
        if isinstance(module, nn.Conv1d | nn.Linear | nn.LayerNorm) and module.bias is not None:
            nn.init.zeros_(module.bias)

    def get_input_embeddings(self) -> nn.Module:
        """The vectors of the bytes."""
        return self.embedding

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        **_: object,
    ) -> BaseModelOutput:
        """Read padded rows.

        Args:
            input_ids: bytes; shape (rows, bytes).
            attention_mask: 1 for a byte, 0 for padding behind it; same shape.

        Returns:
            `last_hidden_state`, shape (rows, bytes, hidden size).
        """
        length = input_ids.shape[1]
        short = -length % PATCH
        there = functional.pad(attention_mask, (0, short))[..., None].to(
            self.embedding.weight.dtype
        )
        vectors = self.embedding(functional.pad(input_ids, (0, short))) * there
        near = functional.gelu(self.near_norm(self.near(vectors.mT).mT)) * there
        patches = self.dropout(self.patches(near.mT).mT)
        real = there[:, ::PATCH]
        for layer in self.layers:
            patches = layer(patches, real)
        hidden = near + patches.repeat_interleave(PATCH, dim=1)
        return BaseModelOutput(last_hidden_state=self.norm(hidden)[:, :length])


class ByteLayer(nn.Module):
    """Convolution over neighbouring patches, attention over all, two layers over each."""

    def __init__(self, config: ByteConfig) -> None:
        """Make the layers."""
        super().__init__()
        width = config.hidden_size
        self.heads = config.num_attention_heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.beside = nn.Conv1d(width, width, config.kernel, padding="same", groups=width)
        self.mixed = nn.Linear(width, width)
        self.asked = nn.Linear(width, 3 * width)
        self.places = nn.Parameter(torch.zeros(self.heads, 2 * FAR + 1))
        self.answered = nn.Linear(width, width)
        self.inner = nn.Linear(width, 2 * width)
        self.outer = nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(0.0)

    def forward(self, patches: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """Map patches, shape (rows, patches, width), of which `real` is 1 for those with bytes."""
        first, second, third = self.norms
        beside = self.beside((first(patches) * real).mT).mT
        patches = patches + self.dropout(self.mixed(functional.gelu(beside)))
        patches = patches + self.dropout(self._attend(second(patches), real))
        units = functional.gelu(self.inner(third(patches)))
        found: torch.Tensor = patches + self.dropout(self.outer(units))
        return found

    def _attend(self, patches: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        rows, count, width = patches.shape
        asked = self.asked(patches).view(rows, count, 3, self.heads, width // self.heads)
        query, key, value = asked.permute(2, 0, 3, 1, 4)
        places = torch.arange(count, device=patches.device)
        apart = (places[None] - places[:, None]).clamp(-FAR, FAR) + FAR
        unseen = (1 - real.mT[:, None]) * torch.finfo(patches.dtype).min
        scores = self.places.to(patches.dtype)[:, apart][None] + unseen
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=scores)
        answered: torch.Tensor = self.answered(found.transpose(1, 2).reshape(rows, count, width))
        return answered


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer of which each UTF-8 byte is a token, its number the byte's; no special ones."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet(), key=ord)
    # The bytes that are no printable character stand in it as others, in their order.
    own = {ord(letter): letter for letter in alphabet if ord(letter) < 256}
    others = iter(letter for letter in alphabet if ord(letter) >= 256)
    letters = [own.get(byte) or next(others) for byte in range(256)]
    made = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(letters)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=made)


AutoConfig.register(KIND, ByteConfig)
AutoModel.register(ByteConfig, ByteEncoder)
