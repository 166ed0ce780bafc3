r"""What tells why a model decides as it does: explainers, and what a model may offer them.

An explainer that counts words, whole::

    def explain(config, job):
        out = []
        for text, (label, against) in zip(job.batch.text(), job.pairs):
            found = [
                Attribution("text", visible(each[0]), score(each[0]), each.span())
                for each in re.finditer(r"\S+", text)
            ]
            names = job.model.labels
            out.append(Explanation(names[label], names[against], "words", "because ...", found))
        return out
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from sftsec_core.api.contracts.base import ConfigT, Spec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sftsec_core.api.contracts.recipe import TrainedModel
    from sftsec_core.api.domain import Batch, Explanation, Neighbour

    Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Contributions:
    """What each part of a row adds to the log-odds of one class against another.

    Attributes:
        characters: of `Batch.text()` of the row, shape (len(text),).
        inputs: name to contribution, of inputs that are read beside the text.
        bias: what no part of the row gives. All three sum to the log-odds.
    """

    characters: NDArray[np.float64]
    inputs: Mapping[str, float] = field(default_factory=dict)
    bias: float = 0.0

    @property
    def log_odds(self) -> float:
        """ln(p[label] / p[against]), by the model's own probabilities."""
        return float(self.characters.sum()) + sum(self.inputs.values()) + self.bias


@runtime_checkable
class Contributes(Protocol):
    """A trained model that is a sum: it says exactly what each part of a row adds."""

    def contributions(self, batch: Batch, pairs: Sequence[Pair]) -> list[Contributions]:
        """Split the log-odds of each row.

        Args:
            batch: rows.
            pairs: of each row the column that is explained, and the one against it.
        """
        ...


@dataclass(frozen=True, slots=True)
class EmbeddedText:
    """A row's text as the vectors that an encoder computes on; tensors are torch's.

    Attributes:
        vectors: of the tokens, shape (windows, tokens, width).
        baseline: of a text that says nothing, of the same shape.
        spans: of each window and token the characters of `Batch.text()`; empty for special tokens
            and for padding.
        logits: from vectors of shape (n, windows, tokens, width) to logits, shape (n, labels);
            differentiable.
    """

    vectors: Any
    baseline: Any
    spans: Sequence[Sequence[tuple[int, int]]]
    logits: Callable[[Any], Any]


@runtime_checkable
class Differentiable(Protocol):
    """A trained model whose probabilities have gradients by the vectors of its tokens."""

    def embedded(self, batch: Batch) -> list[EmbeddedText] | None:
        """Each row as vectors; None where this model has no gradients, as one in 8 bits."""
        ...


@runtime_checkable
class Embeds(Protocol):
    """A trained model that knows how alike rows are."""

    def embed(self, batch: Batch) -> Any:  # noqa: ANN401 - an array or a sparse matrix of scipy
        """Rows of length 1, or 0 where nothing is known; shape (len(batch), d)."""
        ...


def sole_model(model: TrainedModel) -> TrainedModel:
    """The model whose probabilities another one passes on; itself where it computes its own.

    A model of several parts, such as `auto`'s, has `sole`: the part that decides alone, or None.
    """
    inner: TrainedModel | None = getattr(model, "sole", None)
    return model if inner is None else sole_model(inner)


def embedding_model(model: TrainedModel) -> Embeds | None:
    """What knows how alike rows are to a model: itself or a part of it; None where nothing does.

    Of a model of several parts, which has `members` (a mapping, cheapest first), the last that
    knows: it reads the most.
    """
    own = sole_model(model)
    if isinstance(own, Embeds):
        return own
    members: Mapping[str, TrainedModel] = getattr(own, "members", {})
    found = (embedding_model(each) for each in reversed([*members.values()]))
    return next((each for each in found if each is not None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainJob:
    """Rows to explain.

    Attributes:
        model: gives the probabilities.
        batch: the rows, cleaned and redacted as the model reads them.
        pairs: of each row the column that is explained, and the one against it: the benign one
            where there is one.
        proba: calibrated probabilities of rows, shape (n, labels); equal rows are computed once.
        decide: (variants, of each the number of the row that it is a variant of) to the labels that
            they are decided on; the benign one where there is no alert.
        nearest: of each row the labelled incidents that are most like it by what the model makes
            of them, at most so many, the most like first. They are read when it is first
            called. None where there are none to compare with.
        decided: of each row the label that it is decided on, as `decide` would say; None where that
            is to be asked.
    """

    model: TrainedModel
    batch: Batch
    pairs: Sequence[Pair]
    proba: Callable[[Batch], NDArray[np.float64]]
    decide: Callable[[Batch, Sequence[int]], Sequence[str]]
    nearest: Callable[[int], Sequence[tuple[Neighbour, ...]]] | None = None
    decided: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainerSpec(Spec[ConfigT]):
    """A way to say why: `explain` of a task.

    Attributes:
        explain: (own settings, rows) to an explanation of each row, in their order. Spans are of
            `Batch.text()` of the row and `Attribution.input` is an input's name; the core names the
            fields. An exception loses no detection: it is counted and reported.
    """

    hook: ClassVar[str] = "sftsec_register_explainers"
    kind: ClassVar[str] = "explainer"

    explain: Callable[[ConfigT, ExplainJob], Sequence[Explanation]]
