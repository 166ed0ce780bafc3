"""What an analyst reads: the words that decided, alike incidents, and what would flip it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.api import Attribution, Neighbour

_AGAINST = 2  # words that are told of the other side
_NAMED = 3  # analysts


def sentence(
    found: Sequence[Attribution],
    neighbours: Sequence[Neighbour] = (),
    flip: Sequence[str] = (),
    flipped: str | None = None,
) -> str:
    """Say why in one line.

    Args:
        found: the strongest first, of both signs.
        neighbours: the most like first.
        flip: the words without which the decision is another one.
        flipped: that decision.
    """
    speak = dict.fromkeys(_quoted(each.words) for each in found if each.contribution > 0)
    other = dict.fromkeys(_quoted(each.words) for each in found if each.contribution < 0)
    parts = [f"because of {', '.join(speak)}"] if speak else []
    if other:
        parts.append(f"against it: {', '.join([*other][:_AGAINST])}")
    parts += [f"like {each}" for each in _alike(neighbours)]
    if flip:
        parts.append(f"without {', '.join(map(_quoted, flip))} it would be {flipped}")
    return "; ".join(parts) or "no word or field of it decides alone"


def _quoted(words: str) -> str:
    plain = words.endswith((" base64 characters", " hex characters")) or ": " in words
    return words if plain or words == "earlier events" else f"`{words}`"


def _alike(neighbours: Sequence[Neighbour]) -> list[str]:
    """Labels of the neighbours, with who gave them."""
    by_label: dict[str, list[Neighbour]] = {}
    for each in neighbours:
        by_label.setdefault(each.label, []).append(each)
    told = []
    for label, those in by_label.items():
        count = "an incident" if len(those) == 1 else f"{len(those)} incidents"
        names = [*dict.fromkeys(visible(name, 40) for each in those for name in each.analysts)]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        who = " and ".join(names[:_NAMED]) if not more else ", ".join(names[:_NAMED]) + more
        told.append(f"{count} that {who} called {label}" if names else f"{count} called {label}")
    return told
