"""What tests of attacks share: many draws of one attack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from sftsec_core.api import AttackTarget, EmptyConfig, TextKind

Rewrite = Callable[[EmptyConfig, AttackTarget, Random], str]
BENIGN = (
    "Thanks, see you at the meeting.",
    "https://www.bbc.co.uk/news/uk-1",
    "it's 5 o'clock; #1",
)


def draws(
    rewrite: Rewrite, text: str, kind: TextKind, count: int = 25, *, twice: bool = False
) -> Iterator[str]:
    """Rewritings of a text by different draws, each perhaps rewritten again."""
    for seed in range(count):
        random = Random(seed)  # noqa: S311 - a draw that can be repeated
        made = rewrite(EmptyConfig(), AttackTarget(text, kind, BENIGN), random)
        yield rewrite(EmptyConfig(), AttackTarget(made, kind, BENIGN), random) if twice else made
