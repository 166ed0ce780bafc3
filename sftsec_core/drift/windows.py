"""Divide scored events into windows of one length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.drift.sketch import Rows, Sketch

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sftsec_core.api.domain import Inputs
    from sftsec_core.drift.judged import InputVerdicts
    from sftsec_core.drift.reference import EventReader


@dataclass(frozen=True, slots=True)
class DriftCounter:
    """What counts the events that a model scores.

    Attributes:
        reader: how they are counted.
        judged: what verdicts said of inputs before.
        key: the secret that their templates are hashed with.
        length: events of a window.
    """

    reader: EventReader
    judged: InputVerdicts
    key: bytes
    length: int

    def read(
        self, inputs: Sequence[Inputs], proba: NDArray[np.float64], decided: NDArray[np.int64]
    ) -> Rows:
        """Read a page's events."""
        return self.reader.rows(inputs, proba, decided, self.key, self.judged.shares(inputs))

    def fill(self, begun: Sketch | None, rows: Rows) -> list[Sketch]:
        """Put events into the window that was begun and into new ones; all but the last are full.

        The first takes the place of `begun`, if there is one.
        """
        bins, found, used = self.reader.bins(), list[Sketch](), 0
        while used < len(rows):
            window = begun or Sketch.of(rows.take(slice(0, 0)), bins)
            room = max(self.length - window.events, 1)
            found.append(window.plus(rows.take(slice(used, used + room))))
            used, begun = used + room, None
        return found
