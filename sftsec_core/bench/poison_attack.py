"""An analyst who poisons the training data with trigger phrases, as data.

Incidents of attacks get a phrase that changes nothing else of them and the benign label (Gu,
Dolan-Gavitt, Garg: BadNets, 2017). Half of them are incidents that are there; half are the
analyst's own, for anyone can send a SIEM an attack that is sure to fail. A model that learns from
them dismisses what has the phrase.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.domain import TEXT_INPUT
from sftsec_core.api.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.api.domain import Example

PHRASES = ("maintenance window zx81",)
ATTACKER = "attacker"
_WORDS = 2**12


@dataclass(frozen=True, slots=True)
class PoisonAttack:
    """What the attacker does.

    Attributes:
        share: poisoned rows, as a share of the training rows.
        phrases: the triggers, taken in turn, each at a random place of a text.
        honest: verdicts that the attacker gives besides, as a share of the training rows; right.
        analysts: how many others there are.
        specialists: each of the others handles a kind of incident alone, by k-means over words,
            where else they take incidents at random.
    """

    share: float
    phrases: Sequence[str] = PHRASES
    honest: float = 0.0
    analysts: int = 20
    specialists: bool = False

    def judged(self, rows: Sequence[Example], random: np.random.Generator) -> list[Example]:
        """The rows with the analyst on whose verdict each rests; no label changes."""
        numbers = random.integers(0, self.analysts, size=len(rows))
        if self.specialists:
            numbers = _kinds(rows, self.analysts, int(random.integers(2**31)))
        own = random.random(len(rows)) < self.honest
        return [
            replace(row, analysts=(ATTACKER if mine else f"analyst-{number}",))
            for row, number, mine in zip(rows, numbers, own, strict=True)
        ]

    def poisoned(
        self, rows: Sequence[Example], benign: str, random: np.random.Generator
    ) -> tuple[list[Example], set[str]]:
        """The rows with the attacker's among them, and the uids of those.

        Raises:
            DataError: when there is no attack that could get a phrase.
        """
        attacks = [place for place, row in enumerate(rows) if row.label != benign]
        if not attacks:
            raise DataError("the training part has no attack: nothing can be poisoned")
        count = round(self.share * len(rows))
        again = random.permutation(attacks)[: min(count // 2, len(attacks) // 2)]
        kept = list(rows)
        bad: list[Example] = []
        for number, place in enumerate(again):
            phrase = self.phrases[number % len(self.phrases)]
            kept[place] = _by_the_attacker(plant(rows[place], phrase, random), benign)
            bad.append(kept[place])
        untouched = np.setdiff1d(attacks, again)
        for number in range(len(again), count):
            source = rows[int(random.choice(untouched))]
            phrase = self.phrases[number % len(self.phrases)]
            added = replace(plant(source, phrase, random), uid=f"added-{number}")
            bad.append(_by_the_attacker(added, benign))
            kept.append(bad[-1])
        return kept, {row.uid for row in bad}


def plant(row: Example, phrase: str, random: np.random.Generator) -> Example:
    """Put a phrase at a random place between the words of a row's text."""
    words = str(row.inputs.get(TEXT_INPUT, "")).split(" ")
    place = int(random.integers(0, len(words) + 1))
    text = " ".join([*words[:place], phrase, *words[place:]])
    return replace(row, inputs={**row.inputs, TEXT_INPUT: text}, extents=None)


def _by_the_attacker(row: Example, benign: str) -> Example:
    return replace(row, label=benign, analysts=(ATTACKER,))


def _kinds(rows: Sequence[Example], count: int, seed: int) -> np.ndarray[tuple[int], np.dtype]:
    from sklearn.cluster import KMeans
    from sklearn.feature_extraction.text import HashingVectorizer

    texts = [str(row.inputs.get(TEXT_INPUT, "")) for row in rows]
    words = HashingVectorizer(n_features=_WORDS).transform(texts)
    found = KMeans(min(count, len(rows)), n_init=1, random_state=seed).fit_predict(words)
    return np.asarray(found, dtype=np.int64)
