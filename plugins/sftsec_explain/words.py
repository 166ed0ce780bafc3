"""The explainer `words`: signed words and fields, alike incidents, what would flip it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api import Attribution, Contributes, Explanation, sole_model
from sftsec_explain.flip import find_flips
from sftsec_explain.gradients import gradient_contributions
from sftsec_explain.occlusion import LEAST, Weighed, as_batch, occlude, words_of
from sftsec_explain.pieces import Piece, pieces_of
from sftsec_explain.sentence import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api import Contributions, ExplainJob
    from sftsec_core.api.domain import Inputs
    from sftsec_explain.config import Method, WordsConfig

_FAINT = 0.02  # of the strongest contribution: what is below says nothing
_SPANS = 4  # places of one word that are told, on average


def explain(config: WordsConfig, job: ExplainJob) -> list[Explanation]:
    """Explain rows; see `ExplainerSpec`."""
    pieces = [pieces_of(job.batch.fields, row) for row in job.batch.rows]
    method, weighed = weigh_pieces(config, job, pieces)
    alike = job.nearest(config.neighbours) if job.nearest and config.neighbours else None
    strongest = [_strongest(found, config.top) for found in weighed]
    flips = find_flips(job, strongest) if config.flip else [((), None)] * len(strongest)
    out = []
    for row, (ordered, (flip, flipped)) in enumerate(zip(strongest, flips, strict=True)):
        told = [_attribution(each) for each in ordered]
        near = alike[row] if alike is not None else ()
        label, against = (job.model.labels[column] for column in job.pairs[row])
        text = sentence(told, near, flip, flipped)
        out.append(
            Explanation(label, against, method, text, tuple(told), tuple(near), flip, flipped)
        )
    return out


def weigh_pieces(
    config: WordsConfig, job: ExplainJob, pieces: Sequence[Sequence[Piece]]
) -> tuple[Method, list[list[Weighed]]]:
    """What each piece of each row adds to its log-odds, and how that was found.

    Raises:
        ValueError: when the configured method is not one that the model allows.
    """
    if config.method in {"auto", "exact"}:
        inner = sole_model(job.model)
        if isinstance(inner, Contributes):
            return "exact", _on_pieces(inner.contributions(job.batch, job.pairs), pieces)
    if config.method in {"auto", "gradients"} and (config.method == "gradients" or _has_captum()):
        by_gradient = gradient_contributions(job.model, job.batch, job.pairs, config.steps)
        if by_gradient is not None:
            return "gradients", _with_inputs(job, pieces, _on_pieces(by_gradient, pieces))
    if config.method in {"auto", "occlusion"}:
        rows = zip(job.batch.rows, pieces, job.pairs, strict=True)
        return "occlusion", [occlude(*each, _proba(job), config.rows) for each in rows]
    raise ValueError(f"this model gives no {config.method} contributions: set method: auto")


def _has_captum() -> bool:
    from importlib.util import find_spec

    return find_spec("captum") is not None


def _on_pieces(
    found: Sequence[Contributions], pieces: Sequence[Sequence[Piece]]
) -> list[list[Weighed]]:
    """Sum what characters add over each piece."""
    out = []
    for each, row in zip(found, pieces, strict=True):
        sums = np.concatenate([[0.0], np.cumsum(each.characters)])
        out.append(
            [
                Weighed(
                    (piece,),
                    each.inputs.get(piece.input, 0.0)
                    if piece.span is None
                    else float(sums[piece.span[1]] - sums[piece.span[0]]),
                )
                for piece in row
            ]
        )
    return out


def _with_inputs(
    job: ExplainJob, pieces: Sequence[Sequence[Piece]], texts: list[list[Weighed]]
) -> list[list[Weighed]]:
    """Gradients are of the text: what stands beside it is left out, one input at a time."""
    out = []
    for row, own, found, pair in zip(job.batch.rows, pieces, texts, job.pairs, strict=True):
        beside = [piece for piece in own if piece.span is None]
        more = occlude(row, beside, pair, _proba(job), len(beside) + 1) if beside else []
        out.append([each for each in found if each.pieces[0].span is not None] + more)
    return out


def _proba(job: ExplainJob) -> Callable[[Sequence[Inputs]], NDArray[np.float64]]:
    def proba(rows: Sequence[Inputs]) -> NDArray[np.float64]:
        return job.proba(as_batch(job.batch, rows))

    return proba


def _strongest(found: Sequence[Weighed], top: int) -> list[Weighed]:
    """Those that say most, the strongest first: so many different words, each with its places."""
    ordered = sorted(found, key=lambda each: -abs(each.contribution))
    least = max(_FAINT * abs(ordered[0].contribution), LEAST) if ordered else 0.0
    kept, words = list[Weighed](), set[tuple[str, ...]]()
    for each in ordered:
        name = tuple(piece.text for piece in each.pieces)
        if abs(each.contribution) < least or len(kept) >= _SPANS * top:
            break
        if name in words or len(words) < top:
            words.add(name)
            kept.append(each)
    return kept


def _attribution(each: Weighed) -> Attribution:
    first, last = each.pieces[0], each.pieces[-1]
    span = None
    if first.span is not None and last.span is not None:
        span = first.span[0], last.span[1]
    return Attribution(first.input, words_of(each), each.contribution, span)
