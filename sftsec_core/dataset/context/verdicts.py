"""Which verdicts on a key's events were known at a time.

A verdict is known from its own time, plus the delay of the settings, on; one without a time counts
as given at its event's. Nothing of it is known before, whatever part of a split its event is in.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable

from sftsec_core.dataset.context.events import ContextEvent


class VerdictHistory:
    """The verdicts of all keys, each with the time from which it is known."""

    def __init__(self, judged: Iterable[tuple[ContextEvent, int, bool]]) -> None:
        """Take judged events.

        Args:
            judged: each event, the time from which its verdict is known (microseconds since
                1970), and whether it was an attack.
        """
        found: defaultdict[bytes, list[tuple[int, bool]]] = defaultdict(list)
        for event, known_from, attack in judged:
            for key in event.keys:
                if key is not None:
                    found[key].append((known_from, attack))
        self._times: dict[bytes, list[int]] = {}
        self._attacks: dict[bytes, list[int]] = {}
        for key, verdicts in found.items():
            verdicts.sort()
            total = 0
            sums = [0]
            for _, attack in verdicts:
                total += attack
                sums.append(total)
            self._times[key] = [at for at, _ in verdicts]
            self._attacks[key] = sums

    def known(self, key: bytes, at: int, window: int) -> tuple[int, int]:
        """The verdicts of a key that became known in a window before a time, and the attacks."""
        times = self._times.get(key)
        if times is None:
            return 0, 0
        start, stop = bisect_left(times, at - window), bisect_left(times, at)
        sums = self._attacks[key]
        return stop - start, sums[stop] - sums[start]
