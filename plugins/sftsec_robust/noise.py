"""Letters of words left out or mistyped: noise to train with, no attack of the audit.

Belinkov and Bisk, "Synthetic and Natural Noise Both Break Neural Machine Translation", 2018. What
the held-out attacks do to words, swapped and doubled letters, is not in it.
"""

from __future__ import annotations

import re
from random import Random
from string import ascii_lowercase

from sftsec_core.api import AttackSpec, AttackTarget, EmptyConfig
from sftsec_robust.scan import PLACEHOLDER

_WORD = re.compile(rf"{PLACEHOLDER}|(?P<word>[^\W\d_]{{4,}})")
_SHARES = (0.15, 0.4, 1.0)  # of the words


def letter_noise(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """A letter within a word left out, or another one in its place."""
    share = random.choice(_SHARES)

    def changed(match: re.Match[str]) -> str:
        word = match["word"]
        if word is None or random.random() > share:
            return match[0]
        place = random.randrange(1, len(word) - 1)
        letter = random.choice(("", random.choice(ascii_lowercase)))
        return f"{word[:place]}{letter}{word[place + 1 :]}"

    return _WORD.sub(changed, target.text)


NOISE = AttackSpec(
    name="letter_noise",
    summary="A letter within a word left out, or another one in its place",
    kinds=frozenset({"prose"}),
    rewrite=letter_noise,
    repeats=False,
)
