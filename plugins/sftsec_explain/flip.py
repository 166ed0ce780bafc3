"""The smallest change that flips a decision: words that are taken out, greedily.

The words that speak for a decision are taken out one after the other, the strongest first, until
the decision changes; then the first that need not be out is put back. All rows are decided
together, twice.
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
    current = job.decide(job.batch, range(len(job.batch)))
    tried = [_prefixes(row) for row in strongest]
    needed = [
        next(((out, label) for out, label in found if label != now), None)
        for found, now in zip(_decided(job, tried), current, strict=True)
    ]
    spare = [[] if one is None else _one_less(one[0]) for one in needed]
    out = list[tuple[tuple[str, ...], str | None]]()
    for one, less in zip(needed, _decided(job, spare), strict=True):
        if one is None:
            out.append(((), None))
            continue
        removed = next((fewer for fewer, label in less if label == one[1]), one[0])
        out.append((tuple(dict.fromkeys(map(words_of, removed))), one[1]))
    return out


def _prefixes(row: Sequence[Weighed]) -> list[Removal]:
    speak = [each for each in row if each.contribution > 0][:MOST_REMOVED]
    return [speak[: count + 1] for count in range(len(speak))]


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
