"""An encoder under a head that tells masked tokens."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from sftsec_core.recipes.encoder.masking import IGNORED


class MaskedLanguageModel(nn.Module):
    """An encoder, a fresh transform, and a decoder that is tied to the word embeddings.

    The shape of BERT's own head (Devlin 2019). A sentence encoder, such as the packaged one, comes
    without; one that an encoder's folder holds is not read, so that all are trained alike.
    """

    def __init__(self, encoder: nn.Module) -> None:
        """Put a fresh head on an encoder; its random start comes from torch's generator."""
        super().__init__()
        if getattr(encoder, "pooler", None) is not None:
            # Not on the path to the loss; saved as it is.
            encoder.pooler.requires_grad_(False)
        self.encoder = encoder
        vocabulary, width = self._embeddings().shape
        self.transform = nn.Linear(int(encoder.config.hidden_size), width)  # type: ignore[union-attr, arg-type]
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        nn.init.normal_(self.transform.weight, std=0.02)
        nn.init.zeros_(self.transform.bias)

    def _embeddings(self) -> torch.Tensor:
        weight: torch.Tensor = self.encoder.get_input_embeddings().weight  # type: ignore[operator]
        return weight

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        targets: torch.Tensor,
        *,
        head_alone: bool = False,
    ) -> torch.Tensor:
        """Return the negative log-likelihood of each chosen token, shape (chosen,), float32.

        Args:
            input_ids: with chosen tokens masked; shape (rows, tokens).
            attention_mask: 1 for a token, 0 for padding; same shape.
            targets: of `masking.Masker`; same shape.
            head_alone: no gradient reaches the encoder, its word embeddings among it.
        """
        with torch.set_grad_enabled(torch.is_grad_enabled() and not head_alone):
            hidden = self.encoder(
                input_ids=input_ids, attention_mask=attention_mask
            ).last_hidden_state
            embeddings = self._embeddings()
        chosen = targets != IGNORED
        told = self.norm(functional.gelu(self.transform(hidden[chosen])))
        embeddings = embeddings.detach() if head_alone else embeddings
        logits = functional.linear(told, embeddings.to(told.dtype), self.bias.to(told.dtype))
        return functional.cross_entropy(logits.float(), targets[chosen], reduction="none")


def mean_loss(losses: torch.Tensor) -> torch.Tensor:
    """The mean; 0 where nothing was chosen."""
    return losses.sum() / max(len(losses), 1)
