"""Stretches of text that a control turns round (Unicode UAX 9: LRO, RLO, closed by PDF)."""

from __future__ import annotations

import re

_TURNED = re.compile("[\u202d\u202e]([^\u202a-\u202e]*)\u202c")
_DEEPEST = 4  # overrides within overrides
_RIGHT_TO_LEFT = "\u202e"


def as_displayed(text: str) -> str:
    """Write stretches between an override and its end as a screen shows them, inner ones first.

    An attacker writes a word backwards between two such controls; without them it stays backwards.
    """
    for _ in range(_DEEPEST):
        text, count = _TURNED.subn(lambda match: _shown(match[0]), text)
        if not count:
            break
    return text


def _shown(stretch: str) -> str:
    return stretch[-2:0:-1] if stretch[0] == _RIGHT_TO_LEFT else stretch[1:-1]
