"""Disguised copies of training rows: adversarial augmentation with the attacks themselves.

Both classes are disguised alike, so that a disguise by itself says nothing of the label (Goodfellow
et al., "Explaining and Harnessing Adversarial Examples", 2015, with rewritings for perturbations).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING

from sftsec_core.api import AttackTarget, EmptyConfig
from sftsec_robust.attacks.registry import ATTACKS, HELD_OUT
from sftsec_robust.kinds import text_kind
from sftsec_robust.noise import NOISE

if TYPE_CHECKING:
    from sftsec_core.api import TextKind

_LONG = frozenset({"long_prefix"})  # answered by windows; as training text it is all benign words
_NONE = EmptyConfig()
_DRAWS = 3  # for each copy: one spelling undoes most of the disguises
TRAINED = {spec.name: spec for spec in (*ATTACKS, NOISE) if spec.name not in HELD_OUT | _LONG}
"""What defences are made from, by name: the attacks that are not held out, and noise."""


class Disguiser:
    """Makes disguised copies of texts, as the model reads them.

    A text's copies depend on the seed, its name and the benign texts, not on other texts.
    """

    def __init__(
        self,
        benign: Sequence[str],
        *,
        copies: int,
        chain: int,
        seed: int,
        read: Callable[[str], str] = str,
    ) -> None:
        """Take the bounds.

        Args:
            benign: texts that are put beside others.
            copies: of a text, at most.
            chain: attacks on one copy, at most.
            seed: of the draws.
            read: how the model reads a text; a disguise that it undoes is no copy.
        """
        self._benign = benign
        self._copies = copies
        self._chain = chain
        self._seed = seed
        self._read = read

    def of(self, name: str, text: str, kind: TextKind | None = None) -> Iterator[str]:
        """Copies of a text that are read otherwise than it and than each other."""
        random = Random(f"{self._seed}/{name}")  # noqa: S311 - a draw that can be repeated
        interpreted = kind or text_kind(text)
        fitting = [spec.name for spec in TRAINED.values() if interpreted in spec.kinds]
        seen = {text, self._read(text)}
        found = 0
        for _ in range(_DRAWS * self._copies if fitting and text else 0):
            if found == self._copies:
                return
            count = min(random.randint(1, self._chain), len(fitting))
            path = random.sample(fitting, count)
            copy = self._read(rewritten(text, interpreted, path, self._benign, random))
            if copy not in seen:
                seen.add(copy)
                found += 1
                yield copy


def rewritten(
    text: str, kind: TextKind, path: Sequence[str], benign: Sequence[str], random: Random
) -> str:
    """A text disguised by one attack after another, by their names."""
    for name in path:
        text = TRAINED[name].rewrite(_NONE, AttackTarget(text, kind, benign), random)
    return text
