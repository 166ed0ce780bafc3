"""Whether a model's vocabulary gives a text away: n-grams that stand in one incident alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.api import Batch

if TYPE_CHECKING:
    from sftsec_core.api import Example, TaskSpec


@dataclass(frozen=True, slots=True)
class Inversion:
    """What can be read from a vocabulary.

    Attributes:
        ngrams: how many there are.
        of_one: how many stand in one incident alone.
    """

    ngrams: int
    of_one: int


def invert(ngrams: Sequence[str], examples: Sequence[Example], task: TaskSpec) -> Inversion:
    """Look up each n-gram in the texts that were trained on; near-duplicates are one incident.

    Args:
        ngrams: what the model holds, words between spaces of their own, in small letters.
        examples: of the training part.
        task: names the texts.
    """
    open_, of_one = set(ngrams), dict[str, int]()
    lengths = sorted({len(each) for each in ngrams})
    texts = Batch.of_examples(task.inputs, examples).text()
    for number, (text, example) in enumerate(zip(texts, examples, strict=True)):
        if not open_:
            break
        incident = example.cluster if example.cluster >= 0 else -1 - number
        for piece in open_.intersection(_pieces(text, lengths)):
            if of_one.setdefault(piece, incident) != incident:
                open_.discard(piece)
                del of_one[piece]
    return Inversion(len(ngrams), len(of_one))


def _pieces(text: str, lengths: Iterable[int]) -> set[str]:
    words = [f" {word} " for word in text.lower().split()]
    return {
        word[start : start + n]
        for word in words
        for n in lengths
        for start in range(len(word) - n + 1)
    }
