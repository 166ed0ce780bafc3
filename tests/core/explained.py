"""An explanation, for tests of what carries one."""

from __future__ import annotations

from sftsec_core.api.domain import Attribution, Explanation, Neighbour


def explained(text: str) -> Explanation:
    """An explanation in these words, with a word of `message`, a number and a neighbour."""
    return Explanation(
        "spam",
        "ham",
        "exact",
        text,
        (Attribution("message", "prize", 1.5, (4, 9)), Attribution("count", "count: 3", -0.25)),
        (Neighbour("E7", "spam", 0.75, ("ana",)),),
        ("prize",),
        "ham",
    )
