"""The smallest change that flips a decision: words that are taken out, greedily.

The words that speak for a decision are taken out, the strongest first: all of them, and where that
changes it, so few as a bisection finds to be enough; then the first that need not be out is put
back. All rows are decided together, at most five times.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from sftsec_explain.occlusion import Weighed, as_batch, words_of
from sftsec_explain.pieces import without

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.api import ExplainJob

    Removal = Sequence[Weighed]

MOST_REMOVED = 8  # words


def find_flips(
    job: ExplainJob, strongest: Sequence[Sequence[Weighed]]
) -> list[tuple[tuple[str, ...], str | None]]:
    """Of each row the fewest of its strongest words without which the decision is another one.

    Args:
        job: the rows.
        strongest: of each row its pieces, the strongest first.

    Returns:
        The words, and the decision without them; none where none of those tried changes it.
    """
    needed = _fewest(job, [_speaking(row) for row in strongest])
    spare = [[] if one is None else _one_less(one[0]) for one in needed]
    out = list[tuple[tuple[str, ...], str | None]]()
    for one, less in zip(needed, _decided(job, spare), strict=True):
        if one is None:
            out.append(((), None))
            continue
        removed = next((fewer for fewer, label in less if label == one[1]), one[0])
        out.append((tuple(dict.fromkeys(map(words_of, removed))), one[1]))
    return out


def _speaking(row: Sequence[Weighed]) -> Removal:
    return [each for each in row if each.contribution > 0][:MOST_REMOVED]


def _fewest(job: ExplainJob, speaking: Sequence[Removal]) -> list[tuple[Removal, str] | None]:
    """Of each row the shortest beginning without which it is decided otherwise, and how."""
    current = job.decided or job.decide(job.batch, range(len(job.batch)))
    found: list[tuple[Removal, str] | None] = [None] * len(speaking)
    kept, tried = [0] * len(speaking), [len(row) for row in speaking]
    while any(tried):
        asked = [[row[:count]] if count else [] for row, count in zip(speaking, tried, strict=True)]
        for row, answers in enumerate(_decided(job, asked)):
            for removal, label in answers:
                if label != current[row]:
                    found[row] = removal, label
                else:
                    kept[row] = len(removal)
            tried[row] = _between(kept[row], found[row])
    return found


def _between(kept: int, found: tuple[Removal, str] | None) -> int:
    """How many to take out next; 0 where it is known."""
    most = len(found[0]) if found else 0
    return (kept + most) // 2 if most - kept > 1 else 0


def _one_less(removed: Removal) -> list[Removal]:
    """Without one of the earlier ones each: the last one is what changed it."""
    return [[each for each in removed if each is not one] for one in removed[:-1]]


def _decided(
    job: ExplainJob, removals: Sequence[Sequence[Removal]]
) -> list[list[tuple[Removal, str]]]:
    """Each removal of each row with the label that is decided on without it."""
    rows, of = [], []
    for number, (inputs, tried) in enumerate(zip(job.batch.rows, removals, strict=True)):
        for removal in tried:
            rows.append(without(inputs, [piece for each in removal for piece in each.pieces]))
            of.append(number)
    labels = iter(job.decide(as_batch(job.batch, rows), of) if rows else ())
    return [list(zip(tried, islice(labels, len(tried)), strict=True)) for tried in removals]
