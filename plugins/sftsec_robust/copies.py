"""Disguised copies of training rows: adversarial augmentation with the attacks themselves.

Both classes are disguised alike, so that a disguise by itself says nothing of the label (Goodfellow
et al., "Explaining and Harnessing Adversarial Examples", 2015, with rewritings for perturbations).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING

from sftsec_core.api import AttackTarget, EmptyConfig
from sftsec_robust.attacks.registry import ATTACKS, HELD_OUT
from sftsec_robust.kinds import text_kind

if TYPE_CHECKING:
    from sftsec_core.api import TextKind

_LONG = frozenset({"long_prefix"})  # answered by windows; as training text it is all benign words
_NONE = EmptyConfig()
TRAINED = {spec.name: spec for spec in ATTACKS if spec.name not in HELD_OUT | _LONG}
"""The attacks that defences are made from, by name."""


class Disguiser:
    """Makes disguised copies of texts.

    A text's copies depend on the seed, its name and the benign texts, not on other texts.
    """

    def __init__(self, benign: Sequence[str], *, copies: int, chain: int, seed: int) -> None:
        """Take the bounds.

        Args:
            benign: texts that are put beside others.
            copies: of a text, at most.
            chain: attacks on one copy, at most.
            seed: of the draws.
        """
        self._benign = benign
        self._copies = copies
        self._chain = chain
        self._seed = seed

    def of(self, name: str, text: str, kind: TextKind | None = None) -> Iterator[str]:
        """Copies of a text that differ from it and from each other."""
        random = Random(f"{self._seed}/{name}")  # noqa: S311 - a draw that can be repeated
        read = kind or text_kind(text)
        fitting = [name for name, spec in TRAINED.items() if read in spec.kinds]
        seen = {text}
        for _ in range(self._copies if fitting and text else 0):
            count = min(random.randint(1, self._chain), len(fitting))
            path = random.sample(fitting, count)
            copy = rewritten(text, read, path, self._benign, random)
            if copy not in seen:
                seen.add(copy)
                yield copy


def rewritten(
    text: str, kind: TextKind, path: Sequence[str], benign: Sequence[str], random: Random
) -> str:
    """A text disguised by one attack after another, by their names."""
    for name in path:
        text = TRAINED[name].rewrite(_NONE, AttackTarget(text, kind, benign), random)
    return text
