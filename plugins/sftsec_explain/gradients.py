"""Integrated Gradients (Sundararajan 2017, "Axiomatic Attribution for Deep Networks"), by Captum.

The path goes from a text whose tokens are masked to the text itself, on the vectors of its tokens;
what a token gets is divided among its characters. The parts sum to the difference of the log-odds
of the two ends, but for the error of the sum that stands for the integral.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api import Batch, Contributions, Differentiable, EmbeddedText, sole_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sftsec_core.api import TrainedModel


def gradient_contributions(
    model: TrainedModel, batch: Batch, pairs: Sequence[tuple[int, int]], steps: int
) -> list[Contributions] | None:
    """What each character adds to the log-odds of each row's pair of columns.

    Args:
        model: any.
        batch: rows.
        pairs: of each row the column that is explained, and the one against it.
        steps: points of the path; each costs a forward and a backward pass.

    Returns:
        None where the model has no gradients. Inputs beside the text are in the bias.
    """
    inner = sole_model(model)
    if not isinstance(inner, Differentiable):
        return None
    out = []
    for row, (text, pair) in enumerate(zip(batch.text(), pairs, strict=True)):
        embedded = inner.embedded(batch.slice(row, row + 1))  # one at a time bounds the memory
        if embedded is None:
            return None
        out.append(_contributions(embedded[0], len(text), pair, steps))
    return out


def _contributions(
    embedded: EmbeddedText, length: int, pair: tuple[int, int], steps: int
) -> Contributions:
    import torch
    from captum.attr import IntegratedGradients

    def log_odds(vectors: Any) -> Any:  # noqa: ANN401 - tensors, and torch is not imported yet
        logits = embedded.logits(vectors)
        return logits[:, pair[0]] - logits[:, pair[1]]

    with torch.no_grad():
        start = float(log_odds(embedded.baseline[None])[0])
    found = IntegratedGradients(log_odds).attribute(
        embedded.vectors[None], embedded.baseline[None], n_steps=steps, method="gausslegendre"
    )
    tokens = found[0].sum(-1).detach().double().cpu().numpy()
    characters, rest = on_characters(tokens, embedded.spans, length)
    return Contributions(characters, bias=start + rest)


def on_characters(
    tokens: NDArray[np.float64], spans: Sequence[Sequence[tuple[int, int]]], length: int
) -> tuple[NDArray[np.float64], float]:
    """Divide what tokens get among their characters.

    Args:
        tokens: shape (windows, tokens).
        spans: of each window and token; an empty one is of no character.
        length: characters of the text.

    Returns:
        Shape (length,), and what belongs to no character.
    """
    edges, rest = np.zeros(length + 1), 0.0
    for values, places in zip(tokens, spans, strict=True):
        for value, (start, end) in zip(values.tolist(), places, strict=True):
            if start < end:
                edges[start] += value / (end - start)
                edges[end] -= value / (end - start)
            else:
                rest += value
    return np.cumsum(edges)[:-1], rest
