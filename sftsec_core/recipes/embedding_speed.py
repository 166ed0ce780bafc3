"""How long embedding will take, from a few warm batches of the shapes that the real ones have."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RUNS = 4  # places along the texts' lengths that are timed
CHARACTERS = 8192  # about what a batch holds; three are timed at each place, after one
MOST_ROWS = 256


def estimate_embedding(
    embed: Callable[[Sequence[str]], object],
    texts: Sequence[str],
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Foretell the seconds that embedding takes once the encoder is loaded.

    Texts are embedded in batches of like lengths, so a sample drawn at random has neither their
    shapes nor their padding. Here neighbours in length are timed, at four places from the
    shortest to the longest, each after others of that length: the first of a shape are slow.

    Args:
        embed: takes texts; its first call may load the encoder.
        texts: no two alike.
        clock: seconds.
    """
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    seconds = 0.0
    for place in range(RUNS):
        part = order[place * len(order) // RUNS : (place + 1) * len(order) // RUNS]
        if not part:
            continue
        rows = 4 * _rows_of_a_batch(texts, part)
        start = max(0, (len(part) - rows) // 2)
        window = part[start : start + rows]
        warm = window[3::4]  # of the shapes of the others
        timed = [row for n, row in enumerate(window) if n % 4 != 3]
        if warm:
            embed([texts[row] for row in warm])
        started = clock()
        embed([texts[row] for row in timed])
        seconds += (clock() - started) * len(part) / len(timed)
    return seconds


def _rows_of_a_batch(texts: Sequence[str], part: Sequence[int]) -> int:
    """How many texts of a part's middle length a batch holds."""
    middle = len(texts[part[len(part) // 2]]) + 1
    return max(1, min(CHARACTERS // middle, MOST_ROWS))
