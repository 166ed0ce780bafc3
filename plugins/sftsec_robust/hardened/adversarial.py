"""Adversarial training: disguises that a fitted model misses become rows of the next fit.

Madry et al., "Towards Deep Learning Models Resistant to Adversarial Attacks", 2018, with a search
over rewritings for the inner maximisation, and over a sample of train in each round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from sftsec_core.api import Batch
from sftsec_robust.canonical.text import canonical_text
from sftsec_robust.copies import TRAINED, rewritten
from sftsec_robust.kinds import text_kind
from sftsec_robust.search import Answer, Chase, greedy_search

if TYPE_CHECKING:
    from sftsec_robust.hardened.model import HardenedModel
    from sftsec_robust.settings import HardenedSettings

_KNOWN = 500  # benign texts that the search puts beside attacks
_ALERT = 0.5


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """A row of train as `hardened` learns from it.

    Attributes:
        text: as it came, cut to the characters that are read.
        column: of its label.
        weight: of it and of each of its copies.
        read: it and its copies as the model reads them; grows from round to round.
    """

    text: str
    column: int
    weight: float
    read: list[str]


def missed_variants(
    model: HardenedModel, rows: Sequence[TrainingRow], settings: HardenedSettings, seed: str
) -> list[tuple[int, str]]:
    """Search for disguises of attacks that get past a model, with attacks that are not held out.

    A benign row gets the same disguises for each that is found: by itself it says nothing.

    Args:
        model: fitted on `rows`.
        rows: of train.
        settings: the budget.
        seed: of all draws.

    Returns:
        Numbers of rows, each with a text as the model reads it; attack and benign in turn.
    """
    random = Random(seed)  # noqa: S311 - draws that can be repeated
    attacks = [number for number, row in enumerate(rows) if row.column != model.benign]
    benign = [number for number, row in enumerate(rows) if row.column == model.benign]
    chosen = random.sample(attacks, min(settings.adversarial_rows, len(attacks)))
    known = [rows[each].text for each in random.sample(benign, min(_KNOWN, len(benign)))]

    def ask(texts: Sequence[tuple[int, str]]) -> list[Answer]:
        if not texts:
            return []
        proba = model.predict_proba(Batch.of_texts([text for _, text in texts]))
        return [Answer(score, score >= _ALERT) for score in (1 - proba[:, model.benign]).tolist()]

    texts = [(row, rows[row].text) for row in chosen]
    chases = [
        Chase(row, text, text_kind(text), answer.score)
        for (row, text), answer in zip(texts, ask(texts), strict=True)
        if answer.alerts
    ]
    greedy_search(
        chases,
        TRAINED,
        known,
        ask,
        queries=settings.adversarial_queries,
        seed=random.getrandbits(32),
    )
    found = []
    for chase in chases:
        if chase.missed:
            other = random.choice(benign)
            plain = rewritten(rows[other].text, chase.kind, chase.path, known, random)
            for row, text in ((chase.row, chase.text), (other, plain)):
                found.append((row, canonical_text(text, settings.canonical)))
    return found
