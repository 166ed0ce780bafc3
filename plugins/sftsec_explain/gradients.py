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
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api import TrainedModel

FIRST_STEPS = 6
OFF = 0.1  # of the difference of the log-odds: by so much the parts may miss it
OFF_AT_LEAST = 0.1


def gradient_contributions(
    model: TrainedModel, batch: Batch, pairs: Sequence[tuple[int, int]], steps: int
) -> list[Contributions] | None:
    """What each character adds to the log-odds of each row's pair of columns.

    Args:
        model: any.
        batch: rows.
        pairs: of each row the column that is explained, and the one against it.
        steps: points of the path, at most; each costs a forward and a backward pass.

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
    """By so few steps as are enough for the parts to sum to what they have to, or by all."""
    import torch

    def log_odds(vectors: Any) -> Any:  # noqa: ANN401 - tensors, and torch is not imported yet
        logits = embedded.logits(vectors)
        return logits[:, pair[0]] - logits[:, pair[1]]

    with torch.no_grad():
        start, end = log_odds(torch.stack([embedded.baseline, embedded.vectors])).tolist()
    allowed = max(OFF * abs(end - start), OFF_AT_LEAST)
    count = min(FIRST_STEPS, steps)
    tokens = _along_path(log_odds, embedded, count)
    while abs(tokens.sum() - (end - start)) > allowed and count < steps:
        count = min(2 * count, steps)
        tokens = _along_path(log_odds, embedded, count)
    characters, rest = on_characters(tokens, embedded.spans, length)
    return Contributions(characters, bias=start + rest)


def _along_path(
    log_odds: Callable[[Any], Any], embedded: EmbeddedText, steps: int
) -> NDArray[np.float64]:
    """Integrated gradients of the tokens, shape (windows, tokens).

    Most steps are in the half next to the baseline: nearer to the text each vector is that of its
    token, and the log-odds hardly change. Where the steps of a path are is free (Bhat and
    Raychowdhury 2023, "Non-Uniform Interpolation in Integrated Gradients").
    """
    from captum.attr import IntegratedGradients

    integrate = IntegratedGradients(log_odds, multiply_by_inputs=True).attribute
    middle = (embedded.baseline + embedded.vectors) / 2
    late = max(steps // 5, 2)  # Captum takes no path of one step
    parts = (embedded.baseline, middle, steps - late), (middle, embedded.vectors, late)
    early, last = (
        integrate(to[None], origin[None], n_steps=count, method="riemann_middle")[0].sum(-1)
        for origin, to, count in parts
    )
    return np.asarray((early + last).detach().double().cpu().numpy())


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
